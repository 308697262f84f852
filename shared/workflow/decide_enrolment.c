/* Key pairs: asked for, generated, saved, failed, destroyed. */
#include <string.h>

#include "workflow/judge.h"
#include "workflow/tax_code.h"

static size_t
open_enrolments(const struct subject *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->st.enrolments.count; i++) {
		enum wf_enrolment_state state = s->st.enrolments.items[i].state;

		n += state == WF_ENROLMENT_REQUESTED ||
		     state == WF_ENROLMENT_CSR_GENERATED ||
		     state == WF_ENROLMENT_SAVED;
	}
	return n;
}

static bool
requested(struct judge *j, const struct ev_key_pair_requested *ev)
{
	bool branch = tax_code_is_branch(ev->meta.tax_code);

	if (ev->unit_kind !=
	    (branch ? EV_UNIT_KIND_BRANCH : EV_UNIT_KIND_ENTERPRISE))
		return refuse(j, UNIT_KIND, "unit_kind");
	if (subject_enrolment(j->s, ev->enrolment_id) != NULL)
		return refuse(j, DUPLICATE_ID, "enrolment_id");
	if (open_enrolments(j->s) >= (size_t)j->env->limits.open_enrolments_max)
		return refuse(j, LIMIT, NULL);
	return judge_id_free(j, WF_ID_ENROLMENT, ev->enrolment_id,
			     "enrolment_id");
}

/* PKCS#11 v2.40, 4.9: what makes a key one that never left the token. */
static bool
check_attributes(struct judge *j, const struct ev_key_attributes *at)
{
	if (!at->sensitive)
		return refuse(j, KEY_ATTRIBUTES, "attributes.sensitive");
	if (at->extractable)
		return refuse(j, KEY_ATTRIBUTES, "attributes.extractable");
	if (!at->always_sensitive)
		return refuse(j, KEY_ATTRIBUTES, "attributes.always_sensitive");
	if (!at->never_extractable)
		return refuse(j, KEY_ATTRIBUTES,
			      "attributes.never_extractable");
	if (!at->local)
		return refuse(j, KEY_ATTRIBUTES, "attributes.local");
	return true;
}

static bool
generated(struct judge *j, const struct ev_csr_generated *ev,
	  const struct wf_enrolment *en)
{
	struct wf_csr csr = { 0 };

	if (!judge_state(j, WF_ENROLMENT, en->state, WF_CASE_PLAIN))
		return true;
	if (!judge_csr(j, ev->csr_der, "csr_der", &csr))
		return false;
	if (judge_refused(j))
		return true;
	if (check_attributes(j, &ev->attributes) && judge_refused(j))
		return true;
	if (csr.enrolment_id == NULL || strcmp(csr.enrolment_id, en->id) != 0)
		return refuse(j, ORDER_MISMATCH, "csr_der");
	if (csr.key_algorithm != en->key_algorithm ||
	    ev->key_algorithm != en->key_algorithm)
		return refuse(j, ORDER_MISMATCH, "key_algorithm");
	if (!sha256_equal(&csr.spki_sha256, &ev->spki_sha256))
		return refuse(j, ORDER_MISMATCH, "spki_sha256");
	if (subject_enrolment_by_key(j->s, &ev->spki_sha256) != NULL)
		return refuse(j, KEY_USED, "spki_sha256");
	return judge_key_free(j, &ev->spki_sha256, NULL, "spki_sha256");
}

/* Waits as long as the enrolment may still get its CSR. */
static bool
saved(struct judge *j, const struct ev_enrolment_saved *ev,
      const struct wf_enrolment *en)
{
	if (!judge_state(j, WF_ENROLMENT, en->state, WF_CASE_PLAIN) &&
	    !j->waits)
		return true;
	if (strcmp(ev->meta.actor.id, en->owner) != 0) {
		j->waits = false;
		return refuse(j, NOT_OWNER, "meta.actor.id");
	}
	if (j->waits)
		j->deadline = en->since + j->env->limits.unsaved_ttl_us;
	return true;
}

static bool
destroyed(struct judge *j, const struct ev_key_pair_destroyed *ev,
	  const struct wf_enrolment *en)
{
	bool own = en->has_key && ev->spki_sha256 != NULL &&
		   sha256_equal(ev->spki_sha256, &en->spki_sha256);

	if (ev->cause == EV_DESTRUCTION_CAUSE_LOST_RACE) {
		if (!own)
			return true;
		return judge_refuse_with(
			j, EV_REFUSAL_CODE_STATE, "spki_sha256", "state",
			wf_state_name(WF_ENROLMENT, en->state));
	}
	if (!judge_state(j, WF_ENROLMENT, en->state, WF_CASE_PLAIN))
		return true;
	if (en->has_key && ev->spki_sha256 != NULL && !own)
		return refuse(j, ORDER_MISMATCH, "spki_sha256");
	return true;
}

static const char *
enrolment_id(const struct event *ev)
{
	switch (ev->type) {
	case EVENT_CSR_GENERATED:
		return ev->csr_generated.enrolment_id;
	case EVENT_KEY_PAIR_FAILED:
		return ev->key_pair_failed.enrolment_id;
	case EVENT_KEY_PAIR_DESTROYED:
		return ev->key_pair_destroyed.enrolment_id;
	default:
		return ev->enrolment_saved.enrolment_id;
	}
}

bool
judge_enrolment(struct judge *j)
{
	const struct event *ev = j->in->event;
	const struct wf_enrolment *en;

	if (ev->type == EVENT_KEY_PAIR_REQUESTED)
		return requested(j, &ev->key_pair_requested);
	en = subject_enrolment(j->s, enrolment_id(ev));
	if (en == NULL)
		return refuse(j, ENROLMENT_UNKNOWN, "enrolment_id");
	switch (ev->type) {
	case EVENT_CSR_GENERATED:
		return generated(j, &ev->csr_generated, en);
	case EVENT_ENROLMENT_SAVED:
		return saved(j, &ev->enrolment_saved, en);
	case EVENT_KEY_PAIR_DESTROYED:
		return destroyed(j, &ev->key_pair_destroyed, en);
	default:
		(void)judge_state(j, WF_ENROLMENT, en->state, WF_CASE_PLAIN);
		return true;
	}
}

/* Whoever reads the refusal must be able to tell the key that goes from the
 * one that stays, even if it has not read what was admitted. */
void
judge_tell_admitted_key(struct judge *j)
{
	const struct event *ev = j->in->event;
	const struct wf_enrolment *en;
	char key[2 * SHA256_LEN + 1];

	if (ev->type != EVENT_CSR_GENERATED)
		return;
	en = subject_enrolment(j->s, ev->csr_generated.enrolment_id);
	if (en == NULL)
		return;
	wf_refusal_param(j->refusal, "enrolment_id", en->id);
	if (!en->has_key)
		return;
	hex_encode(bytes_of(en->spki_sha256.b, SHA256_LEN), key);
	wf_refusal_param(j->refusal, "spki_sha256", key);
}
