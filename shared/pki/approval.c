/* Verifying the signature of an approval. */
#include "pki/approval.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

#include "pki/approvers.h"
#include "pki/der.h"
#include "pki/ossl.h"

DEFINE_AUTO(bio, BIO *, BIO_free_all);
DEFINE_AUTO(cms, CMS_ContentInfo *, CMS_ContentInfo_free);
DEFINE_AUTO(x509_stack, STACK_OF(X509) *, sk_X509_free);

bool
pki_approval_text(const struct pki_approval *a, struct buffer *out,
		  struct err *e)
{
	char submission[2 * SHA256_LEN + 1], spki[2 * SHA256_LEN + 1];
	size_t room = strlen(a->tax_code) + strlen(a->request_id) +
		      strlen(a->approver_id) + sizeof(submission) +
		      sizeof(spki) + 64;

	hex_encode(bytes_of(a->submission_sha256, SHA256_LEN), submission);
	hex_encode(bytes_of(a->spki_sha256, SHA256_LEN), spki);
	if (!buffer_reserve(out, room, e))
		return false;
	out->len += (size_t)snprintf((char *)out->data + out->len, room,
				     "certflow-approval-v1\n"
				     "%s\n%s\n%d\n%s\n%s\n%s\n",
				     a->tax_code, a->request_id, a->revision,
				     submission, spki, a->approver_id);
	return true;
}

/* True, so that a check can end with it; NULL: nothing is wrong. */
static bool
answer(const char **why, const char *what)
{
	*why = what;
	return true;
}

/* What OpenSSL could not do: for want of memory, or is the input wrong? */
static bool
refused_by_openssl(const char **why, const char *what, struct err *e)
{
	bool memory =
		ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_MALLOC_FAILURE;

	ERR_clear_error();
	return memory ? ERR_NO_MEMORY(e) : answer(why, what);
}

/* A digest as good as SHA-256, and a signature that uses it. */
static bool
algorithms_ok(CMS_SignerInfo *signer)
{
	X509_ALGOR *digest = NULL, *signature = NULL;
	const ASN1_OBJECT *oid = NULL;
	int md, named = NID_undef, key = NID_undef, nid;

	CMS_SignerInfo_get0_algs(signer, NULL, NULL, &digest, &signature);
	X509_ALGOR_get0(&oid, NULL, NULL, digest);
	md = OBJ_obj2nid(oid);
	if (md != NID_sha256 && md != NID_sha384 && md != NID_sha512)
		return false;
	X509_ALGOR_get0(&oid, NULL, NULL, signature);
	nid = OBJ_obj2nid(oid);
	if (nid == NID_rsaEncryption || nid == NID_rsassaPss)
		return true; /* RFC 3370, 3.2; RFC 4056 */
	return OBJ_find_sigid_algs(nid, &named, &key) == 1 && named == md &&
	       (key == NID_rsaEncryption || key == NID_X9_62_id_ecPublicKey);
}

/* SignedData without content and with one signer; *signer is inside cms. */
static const char *
shape_problem(CMS_ContentInfo *cms, CMS_SignerInfo **signer)
{
	STACK_OF(CMS_SignerInfo) * signers;

	if (OBJ_obj2nid(CMS_get0_type(cms)) != NID_pkcs7_signed)
		return "not SignedData";
	if (OBJ_obj2nid(CMS_get0_eContentType(cms)) != NID_pkcs7_data)
		return "the content is not of type data";
	if (CMS_is_detached(cms) != 1)
		return "not detached";
	signers = CMS_get0_SignerInfos(cms);
	if (sk_CMS_SignerInfo_num(signers) != 1)
		return "not exactly one signer";
	*signer = sk_CMS_SignerInfo_value(signers, 0);
	if (!algorithms_ok(*signer))
		return "its algorithms are not allowed";
	return NULL;
}

/*
 * The text for CMS_verify(). OpenSSL 3.0 makes a copy of a memory BIO and
 * loses it when the CMS names a digest that it does not know; one behind a
 * filter it reads as it is.
 */
static BIO *
open_text(struct bytes text)
{
	AUTO(bio) BIO *memory = BIO_new_mem_buf(text.data, (int)text.len);
	BIO *filter = BIO_new(BIO_f_null());

	if (memory == NULL || filter == NULL) {
		BIO_free(filter);
		return NULL;
	}
	return BIO_push(filter, TAKE(memory));
}

static bool
verify(CMS_ContentInfo *cms, X509 *certificate, struct bytes text,
       const char **why, struct err *e)
{
	AUTO(x509_stack) STACK_OF(X509) *certificates = sk_X509_new_null();
	AUTO(bio) BIO *content = open_text(text);

	if (certificates == NULL || content == NULL ||
	    sk_X509_push(certificates, certificate) == 0)
		return ERR_NO_MEMORY(e);
	if (CMS_verify(cms, certificates, NULL, content, NULL,
		       CMS_DETACHED | CMS_BINARY | CMS_NOINTERN |
			       CMS_NO_SIGNER_CERT_VERIFY) == 1)
		return answer(why, NULL);
	return refused_by_openssl(why, "does not verify", e);
}

/* Each try takes it apart anew: verifying leaves traces in it. */
static bool
try_certificate(struct bytes der, X509 *certificate, struct bytes text,
		const char **why, struct err *e)
{
	const unsigned char *p = der.data;
	CMS_SignerInfo *signer = NULL;
	const char *problem;
	AUTO(cms)
	CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &p, (long)der.len);

	if (cms == NULL || p != der.data + der.len)
		return refused_by_openssl(why, "not CMS", e);
	problem = shape_problem(cms, &signer);
	ERR_clear_error();
	if (problem != NULL)
		return answer(why, problem);
	if (CMS_SignerInfo_cert_cmp(signer, certificate) != 0)
		return answer(why, "not by a known certificate of this "
				   "approver");
	return verify(cms, certificate, text, why, e);
}

static bool
try_all(const struct pki_approvers *known, const char *id, struct bytes cms,
	struct bytes text, int64_t at, const char **why, struct err *e)
{
	*why = "no certificate of this approver is known";
	for (size_t i = 0; i < known->count; i++) {
		const struct approver *a = &known->items[i];

		if (strcmp(a->id, id) != 0)
			continue;
		if (at < a->not_before || at > a->not_after) {
			*why = "no certificate of this approver is valid now";
			continue;
		}
		ERR_clear_error();
		if (!try_certificate(cms, a->certificate, text, why, e))
			return false;
		if (*why == NULL)
			return true;
	}
	return true;
}

bool
pki_approval_check(const struct pki_approvers *known,
		   const struct pki_approval *approval, struct bytes cms,
		   int64_t at, const char **why, struct err *e)
{
	AUTO(buffer) struct buffer text = { 0 };

	if (cms.data == NULL || cms.len == 0)
		return answer(why, "missing");
	if (cms.len > APPROVAL_CMS_MAX)
		return answer(why, "larger than 16 KiB");
	if (!der_is_canonical(cms))
		return answer(why, "not DER, or followed by other octets");
	if (!approver_id_ok(bytes_of_str(approval->approver_id)))
		return answer(why, "the approver's id is not graphic ASCII");
	return pki_approval_text(approval, &text, e) &&
	       try_all(known, approval->approver_id, cms, buffer_view(&text),
		       at, why, e);
}
