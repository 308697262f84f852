#include "pki/answer.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "base/clock.h"
#include "pki/certificate.h"
#include "pki/csr.h"
#include "pki/oid.h"
#include "pki/ossl.h"
#include "pki/view.h"

#define AUTH_LEVEL 2    /* 112 bits: no SHA-1, RSA from 2048 on */
#define MUST_USAGE 0x06 /* keyCertSign, cRLSign                 */
#define MAY_USAGE 0x86  /* digitalSignature besides             */

typedef STACK_OF(X509) certificates;

static void
certificates_free(certificates *list)
{
	sk_X509_pop_free(list, X509_free);
}

DEFINE_AUTO(certificates, certificates *, certificates_free);
DEFINE_AUTO(x509, X509 *, X509_free);
DEFINE_AUTO(x509_store, X509_STORE *, X509_STORE_free);
DEFINE_AUTO(x509_store_ctx, X509_STORE_CTX *, X509_STORE_CTX_free);
DEFINE_AUTO(bio, BIO *, BIO_free);

/* Everything a rule looks at; found once. */
struct judged {
	const struct pki_answer *answer;
	struct bytes der, subject, spki; /* subject and key of the request */
	struct pki_certificate c;
	struct view v;
	struct bytes aki; /* keyIdentifier */
};

typedef bool rule_check(struct judged *j, struct err *e);

static bool
broken(struct err *e, const char *what)
{
	return ERR_SET(e, ERR_REJECT, "pki", 0, "%s", what);
}

static bool
check_form(struct judged *j, struct err *e)
{
	const char *where = NULL;

	if (!pki_certificate_parse(j->der, &j->c, e))
		return false;
	if (!view_parse(j->c.tbs, &j->v, &where))
		return broken(e, where);
	return j->v.version == 2 || broken(e, "not version 3");
}

static bool
check_key(struct judged *j, struct err *e)
{
	return bytes_equal(j->c.spki, j->spki) ||
	       broken(e, "another key than the request's");
}

static bool
check_subject(struct judged *j, struct err *e)
{
	return bytes_equal(j->c.subject, j->subject) ||
	       broken(e, "another subject than the request's, or the same "
			 "encoded otherwise");
}

static bool
check_issuer(struct judged *j, struct err *e)
{
	return !bytes_equal(j->c.subject, j->c.issuer) ||
	       broken(e, "issuer and subject are the same");
}

static bool
check_algorithm(struct judged *j, struct err *e)
{
	return j->c.signature_algorithm != PKI_SIGNATURE_NONE ||
	       broken(e, "not RSA (PKCS#1 v1.5 or PSS) or ECDSA with SHA-256, "
			 "SHA-384 or SHA-512");
}

static bool
check_basic_constraints(struct judged *j, struct err *e)
{
	const struct view_extension *x =
		view_extension(&j->v, OID_BASIC_CONSTRAINTS);
	struct bytes in, seq, flag, number;

	if (x == NULL || !x->critical)
		return broken(e, "absent or not critical");
	in = x->value;
	if (!der_take(&in, DER_SEQUENCE, &seq) ||
	    !der_take(&seq, DER_BOOLEAN, &flag) || flag.len != 1 ||
	    flag.data[0] != 0xff)
		return broken(e, "not CA:TRUE");
	if (j->answer->any_path_length)
		return true;
	if (!der_take(&seq, DER_INTEGER, &number))
		return broken(e, "no path length; 0 was asked for");
	return (number.len == 1 && number.data[0] == 0) ||
	       broken(e, "path length is not 0");
}

static bool
check_key_usage(struct judged *j, struct err *e)
{
	const struct view_extension *x = view_extension(&j->v, OID_KEY_USAGE);
	struct bytes in, bits;

	if (x == NULL || !x->critical)
		return broken(e, "absent or not critical");
	in = x->value;
	if (!der_take(&in, DER_BIT_STRING, &bits) || bits.len < 2 ||
	    (bits.data[1] & MUST_USAGE) != MUST_USAGE)
		return broken(e, "not keyCertSign and cRLSign");
	return (bits.len == 2 && (bits.data[1] & ~MAY_USAGE) == 0) ||
	       broken(e, "more than keyCertSign, cRLSign and "
			 "digitalSignature");
}

/* What would reach into the certificates below, unasked. */
static bool
check_constraints(struct judged *j, struct err *e)
{
	if (view_extension(&j->v, OID_NAME_CONSTRAINTS) != NULL)
		return broken(e, "name constraints");
	if (view_extension(&j->v, OID_POLICY_CONSTRAINTS) != NULL ||
	    view_extension(&j->v, OID_INHIBIT_ANY_POLICY) != NULL)
		return broken(e, "policy constraints");
	return view_extension(&j->v, OID_EKU) == NULL ||
	       broken(e, "extended key usage");
}

static bool
check_subject_key_id(struct judged *j, struct err *e)
{
	const struct view_extension *x = view_extension(&j->v, OID_SKI);
	struct bytes in, id;

	if (x == NULL)
		return broken(e, "absent");
	in = x->value;
	return (der_take(&in, DER_OCTET_STRING, &id) && id.len > 0 &&
		id.len <= SHA256_LEN) ||
	       broken(e, "not 1 to 32 octets");
}

static bool
check_authority_key_id(struct judged *j, struct err *e)
{
	const struct view_extension *x = view_extension(&j->v, OID_AKI);
	struct bytes in, seq;

	if (x == NULL)
		return broken(e, "absent");
	in = x->value;
	return (der_take(&in, DER_SEQUENCE, &seq) &&
		der_take(&seq, DER_CONTEXT(0), &j->aki)) ||
	       broken(e, "no key identifier");
}

static bool
check_validity(struct judged *j, struct err *e)
{
	char text[CLOCK_TEXT_MAX];

	if (j->c.not_before > j->answer->now)
		return ERR_SET(e, ERR_REJECT, "pki", 0,
			       "not yet valid: from %.19sZ",
			       clock_format(j->c.not_before, text));
	return j->c.not_after > j->answer->now ||
	       ERR_SET(e, ERR_REJECT, "pki", 0, "expired: on %.19sZ",
		       clock_format(j->c.not_after, text));
}

/* --- the path ------------------------------------------------------- */

static bool
read_chain(struct bytes pem, certificates **out, struct err *e)
{
	AUTO(bio) BIO *in = BIO_new_mem_buf(pem.data, (int)pem.len);
	AUTO(certificates) certificates *list = sk_X509_new_null();
	X509 *x;

	if (in == NULL || list == NULL)
		return ERR_NO_MEMORY(e);
	while ((x = PEM_read_bio_X509(in, NULL, NULL, NULL)) != NULL)
		if (sk_X509_push(list, x) == 0) {
			X509_free(x);
			return ERR_NO_MEMORY(e);
		}
	/* Their end is "no more begins"; a block that is damaged is not. */
	if (sk_X509_num(list) == 0 ||
	    ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		return ossl_failed(e, ERR_FATAL, "read the chain");
	ERR_clear_error();
	*out = TAKE(list);
	return true;
}

static bool
new_store(certificates *chain, X509_STORE **out, struct err *e)
{
	AUTO(x509_store) X509_STORE *store = X509_STORE_new();
	int roots = 0;

	if (store == NULL)
		return ERR_NO_MEMORY(e);
	for (int i = 0; i < sk_X509_num(chain); i++)
		if (X509_self_signed(sk_X509_value(chain, i), 1) == 1) {
			roots++;
			if (X509_STORE_add_cert(store,
						sk_X509_value(chain, i)) != 1)
				return ossl_failed(e, ERR_FATAL, "add a root");
		}
	if (roots == 0)
		return ERR_SET(e, ERR_FATAL, "pki", 0,
			       "the chain holds no self-signed certificate");
	*out = TAKE(store);
	return true;
}

static bool
walk(struct judged *j, X509_STORE *store, certificates *chain, X509 *x,
     struct err *e)
{
	AUTO(x509_store_ctx) X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	X509_VERIFY_PARAM *param;
	const ASN1_OCTET_STRING *id;

	if (ctx == NULL || X509_STORE_CTX_init(ctx, store, x, chain) != 1)
		return ossl_failed(e, ERR_FATAL, "path validation");
	param = X509_STORE_CTX_get0_param(ctx);
	X509_VERIFY_PARAM_set_time(param, (time_t)(j->answer->now / US_PER_S));
	X509_VERIFY_PARAM_set_auth_level(param, AUTH_LEVEL);
	if (X509_verify_cert(ctx) != 1) {
		ERR_clear_error();
		return ERR_SET(e, ERR_REJECT, "pki",
			       X509_STORE_CTX_get_error(ctx), "%s, at depth %d",
			       X509_verify_cert_error_string(
				       X509_STORE_CTX_get_error(ctx)),
			       X509_STORE_CTX_get_error_depth(ctx));
	}
	id = X509_get0_subject_key_id(
		sk_X509_value(X509_STORE_CTX_get0_chain(ctx), 1));
	if (id == NULL)
		return true;
	return bytes_equal(j->aki, bytes_of(ASN1_STRING_get0_data(id),
					    (size_t)ASN1_STRING_length(id))) ||
	       broken(e, "authority key identifier is not the issuer's");
}

static bool
check_chain(struct judged *j, struct err *e)
{
	AUTO(certificates) certificates *chain = NULL;
	AUTO(x509_store) X509_STORE *store = NULL;
	const unsigned char *at = j->der.data;
	AUTO(x509) X509 *x = d2i_X509(NULL, &at, (long)j->der.len);

	if (x == NULL)
		return ossl_failed(e, ERR_REJECT, "decode");
	return read_chain(j->answer->chain, &chain, e) &&
	       new_store(chain, &store, e) && walk(j, store, chain, x, e);
}

static const struct {
	const char *name;
	rule_check *check;
} rules[] = {
	{ "form", check_form },
	{ "key", check_key },
	{ "subject", check_subject },
	{ "issuer", check_issuer },
	{ "algorithm", check_algorithm },
	{ "basic_constraints", check_basic_constraints },
	{ "key_usage", check_key_usage },
	{ "constraints", check_constraints },
	{ "subject_key_id", check_subject_key_id },
	{ "authority_key_id", check_authority_key_id },
	{ "validity", check_validity },
	{ "chain", check_chain },
};

static bool
read_request(struct judged *j, struct err *e)
{
	struct bytes in = j->answer->request, outer, info, version;

	if (!der_is_canonical(in) || !der_take(&in, DER_SEQUENCE, &outer) ||
	    !der_take(&outer, DER_SEQUENCE, &info) ||
	    !der_take(&info, DER_INTEGER, &version) ||
	    !der_take_all(&info, DER_SEQUENCE, &j->subject) ||
	    !der_take_all(&info, DER_SEQUENCE, &j->spki))
		return ERR_SET(e, ERR_FATAL, "pki", 0, "not a CSR");
	return true;
}

bool
pki_answer_check(struct bytes der, const struct pki_answer *answer,
		 const char **rule, struct err *e)
{
	struct judged j = { .answer = answer, .der = der };

	*rule = NULL;
	if (!read_request(&j, e))
		return err_context(e, "request");
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (!rules[i].check(&j, e)) {
			if (e->kind == ERR_REJECT)
				*rule = rules[i].name;
			return err_context(e, "%s", rules[i].name);
		}
	return true;
}

bool
pki_answer_root(struct bytes chain, struct buffer *out, struct err *e)
{
	AUTO(certificates) certificates *list = NULL;
	size_t start = out->len;

	if (!read_chain(chain, &list, e))
		return false;
	for (int i = 0; i < sk_X509_num(list); i++) {
		AUTO(u8) unsigned char *der = NULL;
		int len;

		if (X509_self_signed(sk_X509_value(list, i), 1) != 1)
			continue;
		len = i2d_X509(sk_X509_value(list, i), &der);
		if (len <= 0)
			return ossl_failed(e, ERR_FATAL, "encode the root");
		if (out->len != start)
			return ERR_SET(e, ERR_FATAL, "pki", 0,
				       "the chain holds several roots");
		if (!buffer_add(out, der, (size_t)len, e))
			return false;
	}
	return out->len > start ||
	       ERR_SET(e, ERR_FATAL, "pki", 0,
		       "the chain holds no self-signed certificate");
}
