/* X.509 that is made up: just enough structure to be told apart. */
#include <string.h>

#include "world.h"

/* One element: tag, short or one-octet length, content. */
static struct bytes
element(struct world *w, uint8_t tag, struct bytes content)
{
	uint8_t *p = arena_alloc(w->a, content.len + 4);
	size_t n = 0;

	cr_assert(p != NULL && content.len < 65536);
	p[n++] = tag;
	if (content.len >= 256) {
		p[n++] = 0x82;
		p[n++] = (uint8_t)(content.len >> 8);
	} else if (content.len >= 128) {
		p[n++] = 0x81;
	}
	p[n++] = (uint8_t)content.len;
	if (content.len > 0)
		memcpy(p + n, content.data, content.len);
	return bytes_of(p, n + content.len);
}

struct bytes
world_join(struct world *w, struct bytes a, struct bytes b)
{
	uint8_t *p = arena_alloc(w->a, a.len + b.len + 1);

	cr_assert(p != NULL);
	if (a.len > 0)
		memcpy(p, a.data, a.len);
	if (b.len > 0)
		memcpy(p + a.len, b.data, b.len);
	return bytes_of(p, a.len + b.len);
}

static struct bytes
spki_of(struct world *w, const char *key)
{
	return element(w, 0x30, element(w, 0x04, bytes_of_str(key)));
}

struct ev_sha256
world_spki(struct world *w, const char *key)
{
	struct ev_sha256 digest;

	sha256(spki_of(w, key), digest.b);
	return digest;
}

struct bytes
world_csr(struct world *w, const char *tax_code, const char *enrolment_id,
	  const char *key)
{
	struct bytes version = element(w, 0x02, bytes_of("\0", 1));
	struct bytes subject = element(
		w, 0x30,
		world_join(w, element(w, 0x0c, bytes_of_str(tax_code)),
			   element(w, 0x0c, bytes_of_str(enrolment_id))));
	struct bytes info =
		element(w, 0x30,
			world_join(w, world_join(w, version, subject),
				   spki_of(w, key)));

	return element(w, 0x30, info);
}

/* Where the texts stand in world_csr(): lengths are all short. */
static bool
csr_check(void *self, struct arena *a, struct bytes der, const char *tax_code,
	  struct wf_csr *csr, struct wf_refusal *refusal, struct err *e)
{
	struct world *w = self;
	const uint8_t *p = der.data + 2 + 2 + 3 + 2;
	size_t tax_len, id_len;

	if (w->broken)
		return ERR_SET(e, ERR_RETRY, "test", 0, "no X.509");
	if (w->csr_refuses != EV_REFUSAL_CODE_UNKNOWN)
		return wf_refuse(refusal, w->csr_refuses, NULL);
	if (der.len < 20 || der.data[0] != 0x30)
		return wf_refuse(refusal, EV_REFUSAL_CODE_CSR_MALFORMED, NULL);
	tax_len = p[1];
	if (strlen(tax_code) != tax_len ||
	    memcmp(p + 2, tax_code, tax_len) != 0)
		return wf_refuse(refusal, EV_REFUSAL_CODE_CSR_TAX_CODE, NULL);
	p += 2 + tax_len;
	id_len = p[1];
	csr->enrolment_id = arena_text(a, (const char *)p + 2, id_len);
	p += 2 + id_len;
	csr->spki = bytes_of(p, (size_t)(der.data + der.len - p));
	sha256(csr->spki, csr->spki_sha256.b);
	csr->key_algorithm = EV_KEY_ALGORITHM_RSA_2048;
	return true;
}

/* As csr_check() reads it, whoever it is for. */
static bool
csr_key(void *self, struct bytes der, struct ev_sha256 *out)
{
	const uint8_t *p = der.data + 2 + 2 + 3;

	(void)self;
	if (der.len < 20 || der.data[0] != 0x30)
		return false;
	p += 2; /* the subject's two texts */
	p += 2 + p[1];
	p += 2 + p[1];
	sha256(bytes_of(p, (size_t)(der.data + der.len - p)), out->b);
	return true;
}

static bool
validity(void *self, int64_t now, int32_t months, struct wf_validity *out,
	 struct err *e)
{
	struct world *w = self;

	if (w->broken)
		return ERR_SET(e, ERR_RETRY, "test", 0, "no CA");
	out->not_before = now / US_PER_S * US_PER_S;
	out->not_after = out->not_before + months * 30 * US_PER_DAY - US_PER_S;
	out->shortened = w->shortened;
	out->ca_valid = !w->ca_invalid;
	return true;
}

static bool
tbs_build(void *self, struct arena *a, const struct wf_certificate_plan *plan,
	  struct wf_tbs *out, struct wf_refusal *refusal, struct err *e)
{
	struct world *w = self;
	uint8_t serial[16] = { 0x40 };
	char hex[33];

	(void)a;
	if (w->broken)
		return ERR_SET(e, ERR_RETRY, "test", 0, "no profile");
	if (w->tbs_refuses != EV_REFUSAL_CODE_UNKNOWN) {
		wf_refuse(refusal, w->tbs_refuses, NULL);
		wf_refusal_param(refusal, "rule", "made_up");
		return true;
	}
	w->ids++;
	serial[15] = (uint8_t)w->ids;
	serial[14] = (uint8_t)(w->ids >> 8);
	hex_encode(bytes_of(serial, 16), hex);
	out->serial_number = arena_text(w->a, hex, 32);
	out->tbs = element(w, 0x30,
			   world_join(w, element(w, 0x02, bytes_of(serial, 16)),
				      plan->spki.data == NULL ? bytes_of("", 0)
							      : plan->spki));
	out->profile_name = "test";
	return true;
}

struct bytes
world_certificate(struct world *w, struct bytes tbs, uint8_t signature,
		  uint8_t salt)
{
	uint8_t both[2] = { signature, salt };

	return element(w, 0x30,
		       world_join(w, tbs, element(w, 0x04, bytes_of(both, 2))));
}

static bool
certificate_parse(void *self, struct arena *a, struct bytes der,
		  struct wf_certificate *out, bool *parsed, struct err *e)
{
	struct world *w = self;
	size_t head, len;

	(void)a;
	if (w->broken)
		return ERR_SET(e, ERR_RETRY, "test", 0, "no X.509");
	*parsed = der.len > 10 && der.data[0] == 0x30;
	if (!*parsed)
		return true;
	head = der.data[1] == 0x81 ? 3 : 2;
	len = der.len - head - 4;
	out->tbs = bytes_of(der.data + head, len);
	out->signature_verifies = der.data[der.len - 2] == 1;
	return true;
}

/* The made-up signature: a digest over all that is to be signed. */
struct bytes
world_signature(struct world *w, const struct ev_request_approved *ev)
{
	uint8_t *digest = arena_alloc(w->a, SHA256_LEN);
	struct bytes all = world_join(w, bytes_of_str(ev->meta.tax_code),
				      bytes_of_str(ev->meta.actor.id));

	cr_assert_not_null(digest);
	all = world_join(w, all, bytes_of_str(ev->request_id));
	all = world_join(w, all, bytes_of(&ev->revision, sizeof(int32_t)));
	all = world_join(w, all, bytes_of(ev->submission_sha256.b, SHA256_LEN));
	all = world_join(w, all, bytes_of(ev->spki_sha256.b, SHA256_LEN));
	sha256(all, digest);
	return bytes_of(digest, SHA256_LEN);
}

static bool
approval_check(void *self, const struct ev_request_approved *approval,
	       int64_t now, struct wf_refusal *refusal, struct err *e)
{
	struct world *w = self;

	if (w->broken)
		return ERR_SET(e, ERR_RETRY, "test", 0, "no X.509");
	cr_expect_eq(now, w->env.now);
	if (!w->approvers_known ||
	    bytes_equal(approval->signature_cms, world_signature(w, approval)))
		return true;
	wf_refuse(refusal, EV_REFUSAL_CODE_APPROVAL_SIGNATURE, "signature_cms");
	wf_refusal_param(refusal, "reason", "does not verify");
	return true;
}

void
world_pki(struct world *w)
{
	w->env.pki = (struct wf_pki){ .self = w,
				      .csr_check = csr_check,
				      .csr_key = csr_key,
				      .validity = validity,
				      .tbs_build = tbs_build,
				      .certificate_parse = certificate_parse,
				      .approval_check = approval_check };
}
