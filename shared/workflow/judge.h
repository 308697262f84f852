/*
 * judge.h - one decision in the making; only for the decide_*.c files.
 *
 * A judge_*() function looks at one kind of input. It returns false only for
 * a technical failure; a refusal is noted with refuse() and ends it with
 * true, as does reaching its end: admitted. What the registrar adds is put
 * in with judge_emit().
 */
#ifndef CERTFLOW_WORKFLOW_JUDGE_H
#define CERTFLOW_WORKFLOW_JUDGE_H

#include "workflow/decide.h"
#include "workflow/subject_state.h"

struct judge {
	const struct wf_env *env;
	const struct subject *s;
	const struct wf_input *in; /* NULL: the clock, or an unreadable one */
	struct arena *a;
	struct wf_decision *out;
	struct err *e;
	struct wf_refusal *refusal; /* out->refusal */
	bool waits;       /* refused for now: the state table says so */
	bool never_waits; /* refused for good, whatever the code */
	int64_t deadline; /* of waiting; 0: deferral_ttl from now */
};

/** Note a refusal. Always true, so: return refuse(j, CODE, "field"); */
#define refuse(j, code, field)                                                 \
	wf_refuse((j)->refusal, EV_REFUSAL_CODE_##code, (field))
/** The same with one parameter. */
bool judge_refuse_with(struct judge *j, enum ev_refusal_code code,
		       const char *field, const char *key, const char *value);

static inline bool
judge_refused(const struct judge *j)
{
	return j->refusal->code != EV_REFUSAL_CODE_UNKNOWN;
}

/** Is the event possible in this state? If not, the refusal is noted. */
bool judge_state(struct judge *j, enum wf_machine machine, int state,
		 enum wf_case which);

/** An event of ours behind the input; its meta is filled in. NULL: no
 * memory (then e is filled). The caller sets the rest. */
struct event *judge_emit(struct judge *j, enum event_type type);

/** Copies into the arena; NULL without memory, then e is filled. */
const char *judge_text(struct judge *j, const char *text);

/** All CSR_* and KEY_* rules. */
bool judge_csr(struct judge *j, struct bytes der, const char *field,
	       struct wf_csr *csr);

/** KEY_USED for a key that anybody else holds, or that was certified. */
bool judge_key_free(struct judge *j, const struct ev_sha256 *spki,
		    const struct wf_request *except, const char *field);

/** BODY_INVALID for an id of a person that is not in its one spelling. */
bool judge_actor(struct judge *j, const char *id, const char *field);

/** DUPLICATE_ID for the id of a new object that another tax code uses: ids
 * alone name requests and enrolments in the read model and in the tokens. */
bool judge_id_free(struct judge *j, const char *kind, const char *id,
		   const char *field);

/** Validity as of now; CA_NOT_VALID and VALIDITY_SHORTENED are noted. */
bool judge_validity(struct judge *j, const struct ev_submission *sub,
		    struct wf_validity *out);

/* Each looks at the kinds of input in its file. */
bool judge_enrolment(struct judge *j);
/** A refused CSR: say which enrolment it is about, and which key has it. */
void judge_tell_admitted_key(struct judge *j);
bool judge_submission(struct judge *j);
bool judge_customer(struct judge *j, const struct ev_submission *sub);
bool judge_approval(struct judge *j);
bool judge_creator_act(struct judge *j);
bool judge_issuance(struct judge *j);
bool judge_issued(struct judge *j);
bool judge_order_end(struct judge *j);
bool judge_activation(struct judge *j);
bool judge_status(struct judge *j);

/** A certificate that comes while its revocation for KEY_COMPROMISE waits for
 * the second person is suspended at once. */
bool judge_hold_compromised(struct judge *j, const char *serial);

/* --- finishing (decide_emit.c) ------------------------------------------ */

bool judge_admit(struct judge *j);
bool judge_finish_refusal(struct judge *j, const struct ev_source_position *src,
			  const struct ev_sha256 *payload_sha256);
bool judge_defer(struct judge *j);
bool judge_detach(struct judge *j);

#endif
