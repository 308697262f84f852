#include "workflow/decide.h"

#include <string.h>

#include "workflow/judge.h"
#include "workflow/tax_code.h"
#include "workflow/waiting.h"

typedef bool judge_fn(struct judge *j);

static judge_fn *const judges[EVENT__COUNT] = {
	[EVENT_KEY_PAIR_REQUESTED] = judge_enrolment,
	[EVENT_CSR_GENERATED] = judge_enrolment,
	[EVENT_KEY_PAIR_FAILED] = judge_enrolment,
	[EVENT_KEY_PAIR_DESTROYED] = judge_enrolment,
	[EVENT_ENROLMENT_SAVED] = judge_enrolment,
	[EVENT_REQUEST_SUBMITTED] = judge_submission,
	[EVENT_REQUEST_APPROVED] = judge_approval,
	[EVENT_REQUEST_RETURNED] = judge_approval,
	[EVENT_REQUEST_REJECTED] = judge_approval,
	[EVENT_REQUEST_REASSIGNED] = judge_approval,
	[EVENT_REQUEST_WITHDRAWN] = judge_creator_act,
	[EVENT_ISSUANCE_REQUESTED] = judge_issuance,
	[EVENT_CERTIFICATE_ISSUED] = judge_issued,
	[EVENT_ISSUANCE_FAILED] = judge_order_end,
	[EVENT_ORDER_VOID_REQUESTED] = judge_order_end,
	[EVENT_ACTIVATION_REQUESTED] = judge_activation,
	[EVENT_CERTIFICATE_ACTIVATED] = judge_activation,
	[EVENT_ACTIVATION_FAILED] = judge_activation,
	[EVENT_DEACTIVATION_REQUESTED] = judge_activation,
	[EVENT_SUSPENSION_REQUESTED] = judge_status,
	[EVENT_RESUMPTION_REQUESTED] = judge_status,
	[EVENT_REVOCATION_REQUESTED] = judge_status,
	[EVENT_STATUS_CHANGE_CONFIRMED] = judge_status,
	[EVENT_STATUS_CHANGE_DECLINED] = judge_status,
};

bool
judge_refuse_with(struct judge *j, enum ev_refusal_code code, const char *field,
		  const char *key, const char *value)
{
	wf_refuse(j->refusal, code, field);
	wf_refusal_param(j->refusal, key, value);
	return true;
}

bool
judge_state(struct judge *j, enum wf_machine machine, int state,
	    enum wf_case which)
{
	const struct wf_row *row =
		wf_row_find(machine, state, j->in->event->type, which);

	if (row != NULL && row->refused != EV_REFUSAL_CODE_UNKNOWN)
		wf_refuse(j->refusal, row->refused, NULL);
	else if (row == NULL || row->waits)
		judge_refuse_with(j, EV_REFUSAL_CODE_STATE, NULL, "state",
				  wf_state_name(machine, state));
	j->waits = row != NULL && row->waits;
	return !judge_refused(j);
}

bool
judge_csr(struct judge *j, struct bytes der, const char *field,
	  struct wf_csr *csr)
{
	const struct wf_pki *pki = &j->env->pki;

	if (!pki->csr_check(pki->self, j->a, der, subject_tax_code(j->s), csr,
			    j->refusal, j->e))
		return false;
	if (judge_refused(j) && j->refusal->field[0] == '\0')
		strncpy(j->refusal->field, field,
			sizeof(j->refusal->field) - 1);
	return true;
}

bool
judge_key_free(struct judge *j, const struct ev_sha256 *spki,
	       const struct wf_request *except, const char *field)
{
	enum wf_key_claim claim = WF_KEY_FREE;

	if (subject_key_used(j->s, spki, except))
		return refuse(j, KEY_USED, field);
	if (!j->env->key_claim(j->env->self, spki, subject_tax_code(j->s),
			       &claim, j->e))
		return false;
	if (claim == WF_KEY_TAKEN)
		return refuse(j, KEY_USED, field);
	return true;
}

/* --- who and what ------------------------------------------------------- */

static bool
check_identity(struct judge *j)
{
	const struct wf_input *in = j->in;
	const struct ev_meta *meta = &in->event->meta;

	if (event_writer(in->event->type) == INBOX_NONE ||
	    event_writer(in->event->type) != in->inbox)
		return refuse(j, ROLE, NULL);
	if (meta->actor.role != event_inbox_role(in->inbox))
		return refuse(j, ROLE, "meta.actor.role");
	if (!judge_actor(j, meta->actor.id, "meta.actor.id") ||
	    judge_refused(j))
		return true;
	if (!tax_code_is_canonical(meta->tax_code))
		return refuse(j, TAX_CODE_INVALID, "meta.tax_code");
	return true;
}

/* CertificateIssued of a known order is matched by its order instead. */
static bool
id_conflicts(const struct judge *j, const struct wf_input_id *id)
{
	const struct event *ev = j->in->event;

	if (ev->type == EVENT_CERTIFICATE_ISSUED &&
	    j->in->inbox == INBOX_ISSUER &&
	    subject_order(j->s, ev->certificate_issued.order_id) != NULL)
		return false;
	return subject_id_taken(j->s, id);
}

/* What others may be waiting for must not queue up behind them. */
static bool
creates_object(const struct event *ev)
{
	return ev->type == EVENT_KEY_PAIR_REQUESTED ||
	       (ev->type == EVENT_REQUEST_SUBMITTED &&
		ev->request_submitted.submission.revision == 1);
}

/* Does an earlier event of this inbox about the same object wait? */
static const struct wf_waiting *
predecessor(const struct judge *j, const struct wf_input_id *id)
{
	const struct wf_waiting *self = subject_waiting(j->s, id);
	const char *object = waiting_object(j->in->event);

	if (creates_object(j->in->event))
		return NULL;
	for (size_t i = 0; object != NULL && i < j->s->st.waiting.count; i++) {
		const struct wf_waiting *w = &j->s->st.waiting.items[i];

		if (w == self)
			break;
		if (w->inbox == j->in->inbox && w->object != NULL &&
		    strcmp(w->object, object) == 0)
			return w;
	}
	return NULL;
}

static bool
judge_kind(struct judge *j, const struct wf_input_id *id)
{
	const struct wf_waiting *before = predecessor(j, id);
	judge_fn *judge = judges[j->in->event->type];

	if (judge == NULL)
		return ERR_SET(j->e, ERR_FATAL, "workflow", 0,
			       "nobody judges %s",
			       event_type_name(j->in->event->type));
	if (before != NULL) {
		j->waits = true;
		return wf_refuse(j->refusal, before->waiting_for, NULL);
	}
	return judge(j);
}

/* --- waiting ------------------------------------------------------------ */

/* CSR content is judged before the octets reach the log. */
static bool
check_csr_content(struct judge *j)
{
	const struct event *ev = j->in->event;
	struct bytes der = { NULL, 0 };
	const char *field = "csr_der";
	struct wf_refusal wait = *j->refusal;
	struct wf_csr csr;

	if (ev->type == EVENT_REQUEST_SUBMITTED) {
		der = ev->request_submitted.submission.csr_der;
		field = "submission.csr_der";
	} else if (ev->type == EVENT_ISSUANCE_REQUESTED) {
		der = ev->issuance_requested.csr_der;
	} else if (ev->type == EVENT_CSR_GENERATED) {
		der = ev->csr_generated.csr_der;
	}
	if (der.data == NULL)
		return true;
	wf_refuse(j->refusal, EV_REFUSAL_CODE_UNKNOWN, NULL);
	if (!judge_csr(j, der, field, &csr))
		return false;
	if (judge_refused(j))
		j->never_waits = true;
	else
		*j->refusal = wait;
	return true;
}

static bool
may_wait(const struct judge *j)
{
	return !j->never_waits &&
	       (j->waits || wf_refusal_defers(j->refusal->code));
}

static bool
wait_too_long(struct judge *j, const struct wf_waiting *self)
{
	const char *code = ev_refusal_code_name(j->refusal->code);
	int64_t deadline =
		j->deadline > self->deadline ? j->deadline : self->deadline;

	if (j->env->now < deadline)
		return false;
	return judge_refuse_with(j, EV_REFUSAL_CODE_DEFERRED_TOO_LONG, NULL,
				 "waiting_for", code);
}

/* Refused for now: wait, go on waiting, or give up. *done: decided. */
static bool
consider_waiting(struct judge *j, const struct wf_input_id *id, bool *done)
{
	const struct wf_waiting *self = subject_waiting(j->s, id);
	const struct wf_limits *limits = &j->env->limits;

	*done = false;
	if (!check_csr_content(j))
		return false;
	if (!may_wait(j))
		return true;
	if (self != NULL) {
		if (wait_too_long(j, self))
			return true;
		*done = true;
		if (j->deadline > self->deadline)
			return judge_defer(j); /* may live longer now */
		j->out->verdict = WF_STILL_WAITING;
		return true;
	}
	if (j->s->st.waiting.count >= (size_t)limits->deferred_max)
		return refuse(j, TOO_MANY_DEFERRED, NULL);
	if (j->deadline == 0)
		j->deadline = j->env->now + limits->deferral_ttl_us;
	*done = true;
	return judge_defer(j);
}

/* --- the whole ---------------------------------------------------------- */

static bool
conclude(struct judge *j, const struct wf_input_id *id)
{
	struct ev_sha256 digest;
	bool done = false;

	if (judge_refused(j) && may_wait(j) && !consider_waiting(j, id, &done))
		return false;
	if (done)
		return true;
	if (!judge_refused(j))
		return judge_admit(j);
	judge_tell_admitted_key(j);
	memcpy(digest.b, j->in->body_sha256, SHA256_LEN);
	return judge_finish_refusal(j, &j->in->source, &digest);
}

static bool
report_again(struct judge *j, const struct wf_seen *seen)
{
	struct wf_outcome *to = &j->out->outcome;

	j->out->verdict = WF_REPEATED;
	to->result = seen->result;
	to->code = seen->code;
	to->sequence = seen->sequence;
	to->field = seen->field == NULL ? NULL : judge_text(j, seen->field);
	return seen->field == NULL || to->field != NULL;
}

static bool
is_possible(const struct subject *s, const struct wf_input *in, struct err *e)
{
	enum event_type type = in->event->type;

	if ((unsigned)type >= EVENT__COUNT || type == EVENT_NONE ||
	    type == EVENT_OUTCOME || type == EVENT_PERSONAL_RECORD)
		return ERR_SET(e, ERR_REJECT, "workflow", 0,
			       "%s is no event of an inbox",
			       event_type_name(type));
	if (strcmp(in->event->meta.tax_code, subject_tax_code(s)) != 0)
		return ERR_SET(e, ERR_FATAL, "workflow", 0,
			       "event of another tax code than its subject");
	return true;
}

bool
wf_decide(const struct wf_env *env, const struct subject *s,
	  const struct wf_input *in, struct arena *a, struct wf_decision *out,
	  struct err *e)
{
	struct judge j = { .env = env,
			   .s = s,
			   .in = in,
			   .a = a,
			   .out = out,
			   .e = e,
			   .refusal = &out->refusal };
	const struct wf_seen *seen;
	struct wf_input_id id;

	memset(out, 0, sizeof(*out));
	if (!is_possible(s, in, e))
		return false;
	if (!wf_input_id_make(in->inbox, in->event->meta.event_id,
			      in->body_sha256, &id))
		return ERR_SET(e, ERR_REJECT, "workflow", 0,
			       "meta.event_id is not a UUID");
	seen = subject_seen(s, &id);
	if (seen != NULL && in->deferred == NULL)
		return report_again(&j, seen);
	if (id_conflicts(&j, &id))
		refuse(&j, EVENT_ID_CONFLICT, "meta.event_id");
	else
		check_identity(&j);
	if (!judge_refused(&j) && !judge_kind(&j, &id))
		return false;
	return conclude(&j, &id) && judge_detach(&j);
}

bool
wf_refuse_unreadable(const struct wf_env *env, const struct subject *s,
		     const struct wf_refusal *why,
		     const struct ev_source_position *source,
		     struct bytes payload, struct arena *a,
		     struct wf_decision *out, struct err *e)
{
	struct judge j = { .env = env,
			   .s = s,
			   .a = a,
			   .out = out,
			   .e = e,
			   .refusal = &out->refusal };
	struct ev_sha256 digest;

	memset(out, 0, sizeof(*out));
	out->refusal = *why;
	sha256(payload.data == NULL ? bytes_of_str("") : payload, digest.b);
	return judge_finish_refusal(&j, source, &digest) && judge_detach(&j);
}
