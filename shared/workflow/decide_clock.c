/* What the clock demands: keys nobody saved or certified, lapsed requests. */
#include <string.h>

#include "workflow/judge.h"

/* INT64_MAX: the clock does not end this enrolment. */
static int64_t
enrolment_end(const struct subject *s, const struct wf_env *env,
	      const struct wf_enrolment *en)
{
	switch (en->state) {
	case WF_ENROLMENT_REQUESTED:
	case WF_ENROLMENT_CSR_GENERATED:
		return en->since + env->limits.unsaved_ttl_us;
	case WF_ENROLMENT_SAVED:
		if (subject_holder(s, en->id, NULL) != NULL)
			return INT64_MAX;
		return en->since + env->limits.uncertified_ttl_us;
	default:
		return INT64_MAX;
	}
}

static int64_t
request_end(const struct wf_env *env, const struct wf_request *rq)
{
	if (wf_row_find(WF_REQUEST, (int)rq->state, EVENT_REQUEST_LAPSED,
			WF_CASE_PLAIN) == NULL)
		return INT64_MAX;
	return rq->progressed_at + env->limits.request_ttl_us;
}

static bool
abandon(struct judge *j, const struct wf_enrolment *en)
{
	struct event *ev = judge_emit(j, EVENT_ENROLMENT_ABANDONED);

	if (ev == NULL)
		return false;
	ev->enrolment_abandoned.enrolment_id = en->id;
	ev->enrolment_abandoned.cause =
		en->state == WF_ENROLMENT_SAVED
			? EV_ABANDONMENT_CAUSE_NOT_CERTIFIED
			: EV_ABANDONMENT_CAUSE_NOT_SAVED;
	return true;
}

static bool
lapse(struct judge *j, const struct wf_request *rq)
{
	struct event *ev = judge_emit(j, EVENT_REQUEST_LAPSED);

	if (ev == NULL)
		return false;
	ev->request_lapsed.request_id = rq->id;
	ev->request_lapsed.last_state = rq->state;
	return true;
}

bool
wf_clock(const struct wf_env *env, const struct subject *s, struct arena *a,
	 struct wf_decision *out, struct err *e)
{
	struct judge j = { .env = env,
			   .s = s,
			   .a = a,
			   .out = out,
			   .e = e,
			   .refusal = &out->refusal };

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < s->st.requests.count; i++)
		if (env->now >= request_end(env, &s->st.requests.items[i]))
			return lapse(&j, &s->st.requests.items[i]) &&
			       judge_detach(&j);
	for (size_t i = 0; i < s->st.enrolments.count; i++)
		if (env->now >=
		    enrolment_end(s, env, &s->st.enrolments.items[i]))
			return abandon(&j, &s->st.enrolments.items[i]) &&
			       judge_detach(&j);
	return true;
}

static int64_t
earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int64_t
subject_next_deadline(const struct subject *s, const struct wf_env *env)
{
	int64_t next = INT64_MAX;

	for (size_t i = 0; i < s->st.requests.count; i++)
		next = earlier(next,
			       request_end(env, &s->st.requests.items[i]));
	for (size_t i = 0; i < s->st.enrolments.count; i++)
		next = earlier(next, enrolment_end(s, env,
						   &s->st.enrolments.items[i]));
	for (size_t i = 0; i < s->st.waiting.count; i++)
		next = earlier(next, s->st.waiting.items[i].deadline);
	return next;
}
