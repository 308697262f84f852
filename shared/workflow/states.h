/*
 * states.h - the state machines as tables.
 *
 * One row per transition, in the order of a request's life. Deciding asks
 * the table whether an event is possible; folding asks it for the next
 * state: neither holds a transition of its own. schemas/states.md is printed
 * from these tables.
 */
#ifndef CERTFLOW_WORKFLOW_STATES_H
#define CERTFLOW_WORKFLOW_STATES_H

#include "event/event.h"

enum wf_machine {
	WF_ENROLMENT,
	WF_REQUEST,
	WF_CA,     /* certificate at the CA */
	WF_USE,    /* certificate in use: HSM keys only */
	WF_STATUS, /* change of a certificate's status that was asked for */
	WF_MACHINE__COUNT
};

/* Every machine begins in state 0: no such object yet. */
enum wf_enrolment_state {
	WF_ENROLMENT_NONE,
	WF_ENROLMENT_REQUESTED,
	WF_ENROLMENT_CSR_GENERATED,
	WF_ENROLMENT_SAVED,
	WF_ENROLMENT_CERTIFIED,
	WF_ENROLMENT_FAILED,
	WF_ENROLMENT_ABANDONED,
	WF_ENROLMENT_DESTROYED,
	WF_ENROLMENT__COUNT
};

/* WF_REQUEST uses enum ev_request_state; UNKNOWN = no such request yet. */

enum wf_ca_state {
	WF_CA_NONE,
	WF_CA_GOOD,
	WF_CA_ON_HOLD,
	WF_CA_REVOKED,
	WF_CA__COUNT
};

enum wf_use_state {
	WF_USE_NONE,
	WF_USE_INACTIVE,
	WF_USE_ACTIVATING,
	WF_USE_ACTIVE,
	WF_USE_DEACTIVATED,
	WF_USE__COUNT
};

enum wf_status_state {
	WF_STATUS_NONE,
	WF_STATUS_OPEN, /* waits for the second person */
	WF_STATUS_DONE,
	WF_STATUS_DECLINED,
	WF_STATUS__COUNT
};

#define WF_ANY (-1)  /* from: whatever the state */
#define WF_SAME (-2) /* to: unchanged */

/* Which of an event's rows, when one event has several. */
enum wf_case {
	WF_CASE_PLAIN,
	WF_CASE_LOST_RACE,      /* KeyPairDestroyed of a key that lost */
	WF_CASE_GIVEN_UP,       /* CertificateIssued, order voided or expired */
	WF_CASE_OPEN_ORDER,     /* CertificateRejected closes its open order */
	WF_CASE_OTHER_ORDER,    /* CertificateRejected, anything else */
	WF_CASE_REVISION,       /* RequestSubmitted, revision n + 1 */
	WF_CASE_TOO_LATE,       /* CertificateActivated was refused */
	WF_CASE_KEY_COMPROMISE, /* a revocation for this reason */
	WF_CASE_RESUMPTION,     /* StatusChangeConfirmed of a resumption */
	WF_CASE__COUNT
};

#define WF_GUARDS_MAX 32

struct wf_row {
	enum wf_machine machine;
	int from;           /* a state, or WF_ANY */
	enum event_type on; /* the log record that carries the transition */
	enum wf_case which;
	bool by_clock; /* nobody asks for it: `on` is the registrar's */
	bool waits;    /* not yet, but it may come true: deferred */
	enum ev_refusal_code refused; /* the row exists to say no, thus */
	int to;
	enum event_type emits;
	/* Refusals of the guards, in order; ends with UNKNOWN. */
	enum ev_refusal_code guards[WF_GUARDS_MAX];
};

const struct wf_row *wf_rows(size_t *count);

/** The row for this event in this state, or NULL: impossible. */
const struct wf_row *wf_row_find(enum wf_machine machine, int state,
				 enum event_type on, enum wf_case which);

int wf_state_count(enum wf_machine machine);

/** "PENDING_APPROVAL"; "NONE" for state 0; "?" out of range. */
const char *wf_state_name(enum wf_machine machine, int state);

/** What users see (Vietnamese, NFC), or NULL: the state has no label. */
const char *wf_state_label_vi(enum wf_machine machine, int state);

const char *wf_machine_name(enum wf_machine machine);
const char *wf_case_text(enum wf_case which);

/** Neither issued nor ended: keeps its key and counts against the limit. */
bool wf_request_is_open(enum ev_request_state state);

#endif
