/*
 * Signing: one mechanism per kind of signature and key, the result in the
 * form X.509 wants, and verified before it is given out.
 */
#include <string.h>

#include "base/clock.h"
#include "hsm/hsm_object.h"

/* What goes to C_Sign. */
struct job {
	CK_MECHANISM mechanism;
	CK_RSA_PKCS_PSS_PARAMS pss;
	uint8_t prepared[PKI_DIGEST_INFO_MAX];
	struct bytes input;
};

/* PKCS#11 2.40, 2.1.6 and 2.1.10: DigestInfo if bare RSA is allowed. */
static bool
prepare_rsa(struct job *j, const struct hsm_key *key, enum pki_signature kind,
	    struct bytes data)
{
	if (key->bare_rsa) {
		j->mechanism.mechanism = CKM_RSA_PKCS;
		j->input = bytes_of(j->prepared,
				    pki_digest_info(kind, data, j->prepared));
		return j->input.len > 0;
	}
	j->mechanism.mechanism = kind == PKI_RSA_SHA256   ? CKM_SHA256_RSA_PKCS
				 : kind == PKI_RSA_SHA384 ? CKM_SHA384_RSA_PKCS
							  : CKM_SHA512_RSA_PKCS;
	j->input = data;
	return true;
}

static bool
prepare_pss(struct job *j, enum pki_signature kind, struct bytes data)
{
	j->pss = (CK_RSA_PKCS_PSS_PARAMS){
		.hashAlg = kind == PKI_PSS_SHA256   ? CKM_SHA256
			   : kind == PKI_PSS_SHA384 ? CKM_SHA384
						    : CKM_SHA512,
		.mgf = kind == PKI_PSS_SHA256   ? CKG_MGF1_SHA256
		       : kind == PKI_PSS_SHA384 ? CKG_MGF1_SHA384
						: CKG_MGF1_SHA512,
		.sLen = kind == PKI_PSS_SHA256   ? 32
			: kind == PKI_PSS_SHA384 ? 48
						 : 64,
	};
	j->mechanism.mechanism =
		kind == PKI_PSS_SHA256   ? CKM_SHA256_RSA_PKCS_PSS
		: kind == PKI_PSS_SHA384 ? CKM_SHA384_RSA_PKCS_PSS
					 : CKM_SHA512_RSA_PKCS_PSS;
	j->mechanism.pParameter = &j->pss;
	j->mechanism.ulParameterLen = sizeof(j->pss);
	j->input = data;
	return true;
}

static bool
prepare_ecdsa(struct job *j, enum pki_signature kind, struct bytes data)
{
	struct pki_digest digest = pki_digest_to_sign(kind, data);

	memcpy(j->prepared, digest.octets, digest.len);
	j->mechanism.mechanism = CKM_ECDSA;
	j->input = bytes_of(j->prepared, digest.len);
	return digest.len > 0;
}

static bool
prepare(struct job *j, const struct hsm_key *key, enum pki_signature kind,
	struct bytes data, struct err *e)
{
	bool ok = false;

	memset(j, 0, sizeof(*j));
	if (pki_signature_fits(kind, key->algorithm)) {
		switch (pki_signature_kind(kind)) {
		case PKI_KIND_RSA:
			ok = prepare_rsa(j, key, kind, data);
			break;
		case PKI_KIND_PSS:
			ok = prepare_pss(j, kind, data);
			break;
		case PKI_KIND_ECDSA:
			ok = prepare_ecdsa(j, kind, data);
			break;
		}
	}
	if (!ok)
		return ERR_SET(e, ERR_FATAL, "hsm", 0,
			       "a %s key cannot make a %s signature",
			       ev_key_algorithm_name(key->algorithm),
			       pki_signature_name(kind));
	return true;
}

static bool
call_sign(const struct hsm_place *p, const struct hsm_key *key, struct job *j,
	  uint8_t out[PKI_SIGNATURE_MAX], CK_ULONG *len, struct err *e)
{
	CK_RV rv = HSM_CALL(p->h, p->lane, C_SignInit, p->session,
			    &j->mechanism, key->private_handle);
	CK_BYTE *input = NULL;

	if (rv != CKR_OK)
		return p11_failed(e, P11_SIGN, "C_SignInit", rv);
	memcpy(&input, &j->input.data, sizeof(input)); /* drops const */
	*len = PKI_SIGNATURE_MAX;
	rv = HSM_CALL(p->h, p->lane, C_Sign, p->session, input, j->input.len,
		      out, len);
	if (rv == CKR_OK && *len > PKI_SIGNATURE_MAX)
		rv = CKR_GENERAL_ERROR; /* a length that cannot be true */
	return rv == CKR_OK || p11_failed(e, P11_SIGN, "C_Sign", rv);
}

static bool
verify(const struct hsm *h, const struct hsm_key *key, enum pki_signature kind,
       struct bytes data, struct bytes signature, struct err *e)
{
	if (key == &h->own_key)
		return pki_verifier_check(h->own_verifier, kind, data,
					  signature, e);
	return pki_signature_verify(hsm_key_spki(key), kind, data, signature,
				    e);
}

/* Verify, and only then append: nothing wrong leaves this file. */
static bool
give_out(const struct hsm *h, const struct hsm_key *key,
	 enum pki_signature kind, struct bytes data, struct bytes raw,
	 struct buffer *signature, struct err *e)
{
	AUTO(buffer) struct buffer der = { 0 };
	struct bytes result = raw;

	if (pki_signature_kind(kind) == PKI_KIND_ECDSA) {
		if (!pki_ecdsa_to_der(raw, &der, e))
			return ERR_SET(e, ERR_REJECT, "hsm",
				       HSM_SIGNATURE_WRONG,
				       "signature of %zu octets", raw.len);
		result = buffer_view(&der);
	}
	if (!verify(h, key, kind, data, result, e)) {
		if (e->kind != ERR_REJECT)
			return false;
		return ERR_SET(e, ERR_REJECT, "hsm", HSM_SIGNATURE_WRONG,
			       "token %s: signature does not verify",
			       key->token);
	}
	return buffer_add(signature, result.data, result.len, e);
}

bool
hsm_lane_sign(struct hsm *h, struct hsm_lane *lane, const struct hsm_key *key,
	      enum pki_signature kind, struct bytes data,
	      struct buffer *signature, struct err *e)
{
	uint8_t raw[PKI_SIGNATURE_MAX];
	struct hsm_place p;
	struct job j;
	CK_ULONG len = 0;

	if (key->epoch != h->epoch)
		return ERR_SET(e, ERR_RETRY, "hsm", 0,
			       "token %s was opened anew; search the key again",
			       key->token);
	if (!prepare(&j, key, kind, data, e) ||
	    !hsm_place(h, lane, key->token_index, &p, e) ||
	    !call_sign(&p, key, &j, raw, &len, e))
		return false;
	return give_out(h, key, kind, data, bytes_of(raw, len), signature, e);
}

static bool
note_good(struct hsm *h, bool ok)
{
	if (ok)
		atomic_store(&h->last_good_us, clock_now_us());
	return ok;
}

bool
hsm_sign(struct hsm *h, unsigned thread, const struct hsm_key *key,
	 enum pki_signature kind, struct bytes data, struct buffer *signature,
	 struct err *e)
{
	struct hsm_lane *lane;

	if (!hsm_enter(h, thread, &lane, e))
		return false;
	return hsm_leave(h,
			 note_good(h, hsm_lane_sign(h, lane, key, kind, data,
						    signature, e)),
			 e);
}

bool
hsm_sign_own(struct hsm *h, unsigned thread, enum pki_signature kind,
	     struct bytes data, struct buffer *signature, struct err *e)
{
	struct hsm_lane *lane;
	bool ok;

	if (h->own_spki.len == 0)
		return ERR_SET(e, ERR_FATAL, "hsm", 0, "no key of our own");
	if (!hsm_enter(h, thread, &lane, e))
		return false;
	ok = hsm_lane_sign(h, lane, &h->own_key, kind, data, signature, e);
	/* This key did sign before: a wrong signature is the token's fault. */
	if (!ok && e->kind == ERR_REJECT)
		e->kind = ERR_RETRY;
	return hsm_leave(h, note_good(h, ok), e);
}
