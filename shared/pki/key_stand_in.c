#include <openssl/ec.h>
#include <string.h>

#include "pki/der.h"
#include "pki/key.h"
#include "pki/oid.h"
#include "pki/ossl.h"

#define RSA_OCTETS_MAX (4096 / 8)
#define POINT_MAX (1 + 2 * 48)

DEFINE_AUTO(ec_group, EC_GROUP *, EC_GROUP_free);

/* 2^(8 * octets - 1) + 1: as long as asked for, and odd. */
static void
put_rsa(struct der_out *w, size_t octets)
{
	static const uint8_t f4[] = { 0x01, 0x00, 0x01 };
	uint8_t modulus[RSA_OCTETS_MAX] = { 0x80 };
	AUTO(buffer) struct buffer key = { 0 };
	struct der_out inner = der_start(&key, w->e);

	modulus[octets - 1] = 1;
	der_open(&inner, DER_SEQUENCE);
	der_unsigned(&inner, bytes_of(modulus, octets));
	der_unsigned(&inner, bytes_of(f4, sizeof(f4)));
	der_close(&inner);
	if (!der_done(&inner)) {
		w->failed = true;
		return;
	}
	der_open(w, DER_SEQUENCE);
	der_oid(w, OID_RSA);
	der_put(w, DER_NULL, bytes_of("", 0));
	der_close(w);
	der_bits(w, buffer_view(&key));
}

/* The generator, as a public key: its private one is 1. */
static void
put_ec(struct der_out *w, int nid, struct bytes curve)
{
	AUTO(ec_group) EC_GROUP *group = EC_GROUP_new_by_curve_name(nid);
	uint8_t point[POINT_MAX];
	size_t len = 0;

	if (group != NULL)
		len = EC_POINT_point2oct(group, EC_GROUP_get0_generator(group),
					 POINT_CONVERSION_UNCOMPRESSED, point,
					 sizeof(point), NULL);
	if (len == 0) {
		der_fail(w, "no such curve");
		return;
	}
	der_open(w, DER_SEQUENCE);
	der_oid(w, OID_EC);
	der_oid(w, curve);
	der_close(w);
	der_bits(w, bytes_of(point, len));
}

bool
pki_key_stand_in(enum ev_key_algorithm algorithm, struct buffer *out,
		 struct err *e)
{
	struct der_out w = der_start(out, e);

	der_open(&w, DER_SEQUENCE);
	switch (algorithm) {
	case EV_KEY_ALGORITHM_RSA_2048:
		put_rsa(&w, 2048 / 8);
		break;
	case EV_KEY_ALGORITHM_RSA_3072:
		put_rsa(&w, 3072 / 8);
		break;
	case EV_KEY_ALGORITHM_RSA_4096:
		put_rsa(&w, 4096 / 8);
		break;
	case EV_KEY_ALGORITHM_EC_P256:
		put_ec(&w, NID_X9_62_prime256v1, OID_P256);
		break;
	case EV_KEY_ALGORITHM_EC_P384:
		put_ec(&w, NID_secp384r1, OID_P384);
		break;
	case EV_KEY_ALGORITHM_UNKNOWN:
	default:
		der_fail(&w, "no such key algorithm");
		break;
	}
	der_close(&w);
	return der_done(&w);
}
