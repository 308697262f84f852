#include "ocsp/responder.h"

#include <pthread.h>

#include "base/clock.h"
#include "base/log.h"
#include "ocsp/answers.h"

struct responder {
	struct responder_config cfg;
	struct answers *answers;
	pthread_mutex_t lock; /* of busy */
	pthread_cond_t freed;
	bool busy[HSM_THREADS_MAX];
};

/* One request under way. */
struct asked {
	struct responder *r;
	struct pki_ocsp_request request;
	size_t ca;
	struct pki_ocsp_single singles[PKI_OCSP_IDS_MAX];
	struct papers *papers;
	const struct pki_responder *by;
	int64_t now;
	int64_t as_of;
};

bool
responder_open(const struct responder_config *cfg, struct responder **out,
	       struct err *e)
{
	AUTO(responder) struct responder *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return ERR_NO_MEMORY(e);
	(void)pthread_mutex_init(&r->lock, NULL);
	(void)pthread_cond_init(&r->freed, NULL);
	r->cfg = *cfg;
	if (r->cfg.now == NULL)
		r->cfg.now = clock_now_us;
	if (!answers_new(cfg->reuse_places, &r->answers, e))
		return false;
	*out = TAKE(r);
	return true;
}

/* --- lanes ------------------------------------------------------------- */

static unsigned
take_lane(struct responder *r)
{
	unsigned lane = 0;

	(void)pthread_mutex_lock(&r->lock);
	for (;;) {
		for (lane = 0; lane < r->cfg.lanes && r->busy[lane]; lane++)
			continue;
		if (lane < r->cfg.lanes)
			break;
		(void)pthread_cond_wait(&r->freed, &r->lock);
	}
	r->busy[lane] = true;
	(void)pthread_mutex_unlock(&r->lock);
	return lane;
}

static void
return_lane(struct responder *r, unsigned lane)
{
	(void)pthread_mutex_lock(&r->lock);
	r->busy[lane] = false;
	(void)pthread_cond_signal(&r->freed);
	(void)pthread_mutex_unlock(&r->lock);
}

/* --- one answer ---------------------------------------------------------- */

static enum pki_ocsp_code
parse(struct asked *a, struct bytes der)
{
	enum pki_ocsp_code code = PKI_OCSP_UNAUTHORIZED;
	struct pki_ca *const *cas;
	size_t count;

	cas = identity_cas(a->r->cfg.identity, &count);
	for (a->ca = 0; a->ca < count; a->ca++) {
		code = pki_ocsp_parse(der, cas[a->ca], &a->request);
		if (code != PKI_OCSP_UNAUTHORIZED)
			break;
	}
	return code;
}

/* A change that was read after "as of" is no older than itself. */
static void
look_up(struct asked *a)
{
	for (size_t i = 0; i < a->request.id_count; i++)
		a->singles[i].id = &a->request.ids[i];
	known_ask(a->r->cfg.known, a->ca, a->singles, a->request.id_count);
	for (size_t i = 0; i < a->request.id_count; i++) {
		struct pki_ocsp_single *s = &a->singles[i];

		s->this_update = a->as_of;
		if (s->revoked_at > s->this_update && s->revoked_at <= a->now)
			s->this_update = s->revoked_at;
	}
}

static int64_t
next_update(const struct asked *a)
{
	int64_t next = a->as_of + a->r->cfg.validity_us;

	return next < a->by->not_after ? next : a->by->not_after;
}

static bool
sign(const struct asked *a, struct bytes tbs, struct buffer *signature,
     struct err *e)
{
	struct responder *r = a->r;
	unsigned lane = take_lane(r);
	bool ok = r->cfg.sign(r->cfg.self, lane, a->by->signature, tbs,
			      signature, e);

	return_lane(r, lane);
	return ok;
}

static bool
make(const struct asked *a, struct buffer *der, struct err *e)
{
	const struct pki_ocsp_request *request = &a->request;
	const struct pki_ocsp_answer answer = {
		.singles = a->singles,
		.single_count = request->id_count,
		.produced_at = a->now,
		.next_update = next_update(a),
		.nonce = bytes_of(request->nonce, request->nonce_len),
	};
	AUTO(buffer) struct buffer tbs = { 0 }, signature = { 0 };

	return pki_ocsp_tbs(a->by, &answer, &tbs, e) &&
	       sign(a, buffer_view(&tbs), &signature, e) &&
	       pki_ocsp_assemble(a->by, buffer_view(&tbs),
				 buffer_view(&signature), der, e);
}

/* Only what was asked without a nonce may be said again. */
static bool
is_reusable(const struct asked *a)
{
	return a->request.id_count == 1 && a->request.nonce_len == 0;
}

static bool
reuse(const struct asked *a, const struct answer_key *key,
      struct responder_answer *out)
{
	struct kept before;

	if (!is_reusable(a) || !answers_find(a->r->answers, key, &before))
		return false;
	out->der = before.der;
	out->this_update = before.this_update;
	out->next_update = before.next_update;
	out->reused = true;
	return true;
}

static enum pki_ocsp_code
state(struct asked *a, struct responder_answer *out)
{
	const struct answer_key key = {
		.single = &a->singles[0],
		.by = a->by,
		.from_us = a->as_of - a->r->cfg.reuse_us,
		.to_us = a->now,
	};
	struct err e = { 0 };

	if (reuse(a, &key, out))
		return PKI_OCSP_SUCCESSFUL;
	if (!make(a, &out->der, &e)) {
		log_err(LOG_DEBUG, "ocsp", "no answer", &e);
		return e.kind == ERR_RETRY ? PKI_OCSP_TRY_LATER
					   : PKI_OCSP_INTERNAL_ERROR;
	}
	out->this_update = a->singles[0].this_update;
	out->next_update = next_update(a);
	out->for_one = a->request.nonce_len > 0;
	if (is_reusable(a))
		answers_put(a->r->answers, &key,
			    &(struct kept){ out->der, out->this_update,
					    out->next_update });
	return PKI_OCSP_SUCCESSFUL;
}

/* What may keep us from stating anything comes first. */
static enum pki_ocsp_code
answer(struct asked *a, struct bytes der, struct responder_answer *out)
{
	enum pki_ocsp_code code = parse(a, der);

	if (code != PKI_OCSP_SUCCESSFUL)
		return code;
	a->now = a->r->cfg.now();
	a->as_of = known_as_of(a->r->cfg.known, clock_monotonic_us());
	if (a->as_of > a->now)
		a->as_of = a->now; /* the clock was set back just now */
	a->by = a->papers->of[a->ca];
	if (a->as_of == 0 || a->now < a->by->not_before ||
	    a->now >= a->by->not_after)
		return PKI_OCSP_TRY_LATER;
	look_up(a);
	return state(a, out);
}

static enum responder_outcome
outcome(const struct asked *a, enum pki_ocsp_code code)
{
	switch (code) {
	case PKI_OCSP_SUCCESSFUL:
		return (enum responder_outcome)a->singles[0].status;
	case PKI_OCSP_MALFORMED:
		return RESPONDER_MALFORMED;
	case PKI_OCSP_TRY_LATER:
		return RESPONDER_TRY_LATER;
	case PKI_OCSP_UNAUTHORIZED:
		return RESPONDER_UNAUTHORIZED;
	case PKI_OCSP_INTERNAL_ERROR:
		break;
	}
	return RESPONDER_INTERNAL_ERROR;
}

void
responder_ask(struct responder *r, struct bytes request,
	      struct responder_answer *out)
{
	struct asked a = { .r = r };
	enum pki_ocsp_code code;
	struct bytes refusal;
	struct err ignored;

	*out = (struct responder_answer){ 0 };
	a.papers = identity_take(r->cfg.identity);
	code = answer(&a, request, out);
	identity_return(r->cfg.identity, a.papers);
	out->outcome = outcome(&a, code);
	if (code == PKI_OCSP_SUCCESSFUL)
		return;
	buffer_free(&out->der);
	refusal = pki_ocsp_refusal(code);
	if (!buffer_add(&out->der, refusal.data, refusal.len, &ignored))
		return;
}

const char *
responder_outcome_name(enum responder_outcome o)
{
	static const char *const names[RESPONDER__COUNT] = {
		[RESPONDER_GOOD] = "good",
		[RESPONDER_REVOKED] = "revoked",
		[RESPONDER_UNKNOWN] = "unknown",
		[RESPONDER_MALFORMED] = "malformed",
		[RESPONDER_INTERNAL_ERROR] = "internal_error",
		[RESPONDER_TRY_LATER] = "try_later",
		[RESPONDER_UNAUTHORIZED] = "unauthorized",
	};

	return names[o];
}

void
responder_close(struct responder *r)
{
	if (r == NULL)
		return;
	answers_free(r->answers);
	(void)pthread_cond_destroy(&r->freed);
	(void)pthread_mutex_destroy(&r->lock);
	free(r);
}
