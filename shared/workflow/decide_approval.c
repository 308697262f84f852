/* What a manager does with a request, and the choice of its CSR. */
#include <stdio.h>
#include <string.h>

#include "workflow/judge.h"

/* Four eyes: the actor neither created nor edited the request. */
static bool
check_four_eyes(struct judge *j, const struct wf_request *rq)
{
	const char *actor = j->in->event->meta.actor.id;

	if (strcmp(actor, rq->creator) == 0 ||
	    wf_names_hold(&rq->editors, actor))
		refuse(j, FOUR_EYES, "meta.actor.id");
	return !judge_refused(j);
}

static bool
check_revision(struct judge *j, const struct wf_request *rq, int32_t revision)
{
	char current[16];

	if (revision == rq->submission.revision)
		return true;
	snprintf(current, sizeof(current), "%d", rq->submission.revision);
	judge_refuse_with(j, EV_REFUSAL_CODE_REVISION_STALE, "revision",
			  "revision", current);
	return false;
}

static bool
is_free(const struct judge *j, const struct wf_enrolment *en,
	const struct wf_request *rq)
{
	return en->state == WF_ENROLMENT_SAVED &&
	       subject_holder(j->s, en->id, rq) == NULL;
}

static void
refuse_several(struct judge *j, const struct wf_request *rq)
{
	char ids[WF_PARAM_MAX] = "";
	size_t len = 0;

	for (size_t i = 0; i < j->s->st.enrolments.count; i++) {
		const struct wf_enrolment *en = &j->s->st.enrolments.items[i];

		if (is_free(j, en, rq) && len < sizeof(ids))
			len += (size_t)snprintf(ids + len, sizeof(ids) - len,
						"%s%s", len == 0 ? "" : ", ",
						en->id);
	}
	judge_refuse_with(j, EV_REFUSAL_CODE_CSR_SEVERAL, NULL, "enrolment_ids",
			  ids);
}

/* Exactly one free CSR is taken by itself; of several one must be named. */
static const struct wf_enrolment *
choose(struct judge *j, const struct wf_request *rq)
{
	const struct wf_enrolment *chosen = NULL;
	const char *named = rq->submission.enrolment_id;
	size_t count = 0;

	for (size_t i = 0; i < j->s->st.enrolments.count; i++) {
		const struct wf_enrolment *en = &j->s->st.enrolments.items[i];

		if (!is_free(j, en, rq) ||
		    (named != NULL && strcmp(named, en->id) != 0))
			continue;
		chosen = en;
		count++;
	}
	if (count == 0)
		refuse(j, CSR_NONE, NULL);
	else if (count > 1)
		refuse_several(j, rq);
	return judge_refused(j) ? NULL : chosen;
}

static bool
check_key(struct judge *j, const struct ev_request_approved *ev,
	  const struct wf_request *rq)
{
	const struct ev_sha256 *spki = &rq->uploaded_spki;

	if (rq->submission.csr_source == EV_CSR_SOURCE_EINVOICE) {
		const struct wf_enrolment *en = choose(j, rq);

		if (en == NULL)
			return false;
		spki = &en->spki_sha256;
	}
	if (!sha256_equal(spki, &ev->spki_sha256))
		refuse(j, KEY_NOT_APPROVED, "spki_sha256");
	return !judge_refused(j);
}

/* A signature that is not demanded has to be right all the same. */
static bool
check_signature(struct judge *j, const struct ev_request_approved *ev)
{
	const struct wf_pki *pki = &j->env->pki;

	if (ev->signature_cms.data != NULL)
		return pki->approval_check(pki->self, ev, j->env->now,
					   j->refusal, j->e);
	if (j->env->limits.approval_signature_required)
		judge_refuse_with(j, EV_REFUSAL_CODE_APPROVAL_SIGNATURE,
				  "signature_cms", "reason", "missing");
	return true;
}

static bool
approved(struct judge *j, const struct ev_request_approved *ev,
	 const struct wf_request *rq)
{
	if (!check_four_eyes(j, rq) || !check_revision(j, rq, ev->revision))
		return true;
	if (!sha256_equal(&ev->submission_sha256, &rq->submission_sha256))
		return refuse(j, DIGEST_MISMATCH, "submission_sha256");
	if (!check_key(j, ev, rq))
		return true;
	return check_signature(j, ev);
}

static bool
reassigned(struct judge *j, const struct ev_request_reassigned *ev,
	   const struct wf_request *rq)
{
	if (rq->approval != NULL &&
	    strcmp(ev->new_officer_id, rq->approval->approver_id) == 0)
		return refuse(j, FOUR_EYES, "new_officer_id");
	return judge_actor(j, ev->new_officer_id, "new_officer_id");
}

static bool
judge_one(struct judge *j, const struct wf_request *rq)
{
	const struct event *ev = j->in->event;

	switch (ev->type) {
	case EVENT_REQUEST_APPROVED:
		return approved(j, &ev->request_approved, rq);
	case EVENT_REQUEST_RETURNED:
		(void)(check_four_eyes(j, rq) &&
		       check_revision(j, rq, ev->request_returned.revision));
		return true;
	case EVENT_REQUEST_REJECTED:
		(void)(check_four_eyes(j, rq) &&
		       check_revision(j, rq, ev->request_rejected.revision));
		return true;
	default:
		return reassigned(j, &ev->request_reassigned, rq);
	}
}

static const char *
request_id(const struct event *ev)
{
	switch (ev->type) {
	case EVENT_REQUEST_APPROVED:
		return ev->request_approved.request_id;
	case EVENT_REQUEST_RETURNED:
		return ev->request_returned.request_id;
	case EVENT_REQUEST_REJECTED:
		return ev->request_rejected.request_id;
	default:
		return ev->request_reassigned.request_id;
	}
}

bool
judge_approval(struct judge *j)
{
	const struct wf_request *rq =
		subject_request(j->s, request_id(j->in->event));

	if (rq == NULL)
		return refuse(j, REQUEST_UNKNOWN, "request_id");
	if (!judge_state(j, WF_REQUEST, (int)rq->state, WF_CASE_PLAIN))
		return true;
	return judge_one(j, rq);
}

/* RequestWithdrawn. */
bool
judge_creator_act(struct judge *j)
{
	const struct ev_request_withdrawn *ev =
		&j->in->event->request_withdrawn;
	const struct wf_request *rq = subject_request(j->s, ev->request_id);

	if (rq == NULL)
		return refuse(j, REQUEST_UNKNOWN, "request_id");
	if (!judge_state(j, WF_REQUEST, (int)rq->state, WF_CASE_PLAIN))
		return true;
	if (strcmp(ev->meta.actor.id, rq->creator) != 0)
		refuse(j, NOT_CREATOR, "meta.actor.id");
	return true;
}
