/*
 * subject_state.h - what a subject holds; only for this folder.
 *
 * All memory is the subject's arena. Every list has room for the next power
 * of two (state_push), so that the count alone tells the capacity. The
 * layout is described to the codec in subject_layout.c: a new member needs
 * one line there.
 */
#ifndef CERTFLOW_WORKFLOW_SUBJECT_STATE_H
#define CERTFLOW_WORKFLOW_SUBJECT_STATE_H

#include "event/event_desc.h"
#include "workflow/states.h"
#include "workflow/subject.h"

#define SUBJECT_ARENA_MAX (256u * 1024 * 1024)

/* Refusals are remembered, so that a repeat is told the same; but nothing
 * hangs on an old one, and there may be any number: when there are twice as
 * many as this, the older half goes. */
#define SUBJECT_REFUSED_KEPT 1024u

struct wf_uuid {
	uint8_t b[16];
};

struct wf_enrolment {
	const char *id;
	const char *owner; /* account that asked for the key */
	enum wf_enrolment_state state;
	enum ev_key_algorithm key_algorithm;
	int64_t since; /* of REQUESTED until saved, then of SAVED, µs */
	bool has_key;
	struct ev_sha256 spki_sha256;
	struct ev_key_ref key_ref;
	struct bytes csr_der;
};

/* What the manager approved; absent outside APPROVED and what follows. */
struct wf_approval {
	const char *event_id;
	const char *approver_id;
	struct ev_sha256 spki_sha256;
	struct bytes cms;
	const char *enrolment_id; /* the chosen CSR's; NULL: uploaded */
};

struct wf_names {
	const char *const *items;
	size_t count;
};

struct wf_request {
	const char *id;
	enum ev_request_state state;
	const char *creator;     /* of record */
	struct wf_names editors; /* everybody who submitted a revision */
	struct ev_submission submission;
	struct bytes submission_bytes; /* as on the log */
	int32_t submission_schema_id;
	struct ev_sha256 submission_sha256;
	struct ev_sha256 uploaded_spki; /* when csr_source is UPLOADED */
	const struct wf_approval *approval;
	const char *order_id; /* the latest order */
	int64_t progressed_at;
};

enum wf_order_state {
	WF_ORDER_NONE,
	WF_ORDER_OPEN,
	WF_ORDER_ISSUED,
	WF_ORDER_FAILED,   /* nothing was signed */
	WF_ORDER_GIVEN_UP, /* voided or expired: serial revoked */
	WF_ORDER_REJECTED, /* its outcome was not admitted: serial revoked */
	WF_ORDER__COUNT
};

struct wf_order {
	const char *id;
	const char *request_id;
	const char *enrolment_id; /* NULL: uploaded CSR */
	const char *serial_number;
	enum wf_order_state state;
	struct ev_sha256 tbs_sha256;
	struct ev_sha256 spki_sha256;
	int64_t not_before;
	int64_t not_after;
};

struct wf_certificate_state {
	const char *serial_number;
	const char *order_id;
	const char *enrolment_id; /* NULL: uploaded CSR */
	enum wf_ca_state ca;
	enum wf_use_state use;
	bool given_up; /* arrived after its order was: does not use the key */
	struct ev_sha256 spki_sha256;
	int64_t not_before;
	int64_t not_after;
	struct bytes certificate_der;
};

/* First outcome of an input, by inbox, event id and digest of its body. */
struct wf_seen {
	enum event_inbox inbox;
	struct wf_uuid event_id;
	struct ev_sha256 body_sha256;
	enum ev_outcome_result result;
	enum ev_refusal_code code;
	const char *field;
	int64_t sequence;
};

/* An event that waits, and how to find it again. */
struct wf_waiting {
	struct wf_uuid event_id;
	struct ev_sha256 body_sha256;
	const char *object; /* what the event is about, or NULL */
	enum event_inbox inbox;
	const char *event_name;
	enum ev_refusal_code waiting_for;
	struct ev_source_position source;
	int64_t recorded_at;
	int64_t deadline;
	struct bytes payload;
	struct {
		const struct ev_bytes_entry *items;
		size_t count;
	} headers;
	struct wf_deferred view; /* for subject_deferred(); not kept */
};

/* A change of status that was asked for; a suspension is done at once. */
struct wf_status_change {
	const char *id;
	const char *serial_number;
	const char *requester;
	enum wf_status_state state;
	bool resumes; /* else it revokes, or suspended */
	enum ev_revocation_reason reason;
	bool has_invalidity_date;
	int64_t invalidity_date;
};

struct wf_list {
	void *items;
	size_t count;
};

struct wf_state {
	const char *tax_code;
	int64_t sequence;
	const struct ev_customer
		*customer;            /* of the last approved submission */
	const char *customer_request; /* the request that was approved */
	struct {
		struct wf_enrolment *items;
		size_t count;
	} enrolments;
	struct {
		struct wf_request *items;
		size_t count;
	} requests;
	struct {
		struct wf_order *items;
		size_t count;
	} orders;
	struct {
		struct wf_certificate_state *items;
		size_t count;
	} certificates;
	struct {
		struct wf_seen *items;
		size_t count;
	} seen;
	struct {
		struct wf_waiting *items;
		size_t count;
	} waiting;
	struct wf_names revoked; /* serials revoked, certificate or not */
	struct {
		struct wf_status_change *items;
		size_t count;
	} status_changes;
};

/* Places in `seen`, plus one, by inbox and event id; 0 is free. Built from
 * it and never kept. */
struct wf_seen_index {
	uint32_t *slots; /* NULL: there are only few */
	size_t size;     /* a power of two */
};

struct subject {
	struct arena *arena;
	size_t allocated; /* octets taken from the arena */
	size_t live;      /* of these, at the last compaction */
	struct wf_seen_index index;
	size_t refused; /* how many of `seen` were */
	struct wf_state st;
};

extern const struct ev_record wf_state_layout;

/* --- memory (subject.c) ------------------------------------------------- */

/** Zeroed; NULL when memory is exhausted. */
void *subject_alloc(struct subject *s, size_t size);
/** Copies; NULL and absent stay so. ERR_FATAL: no memory. */
bool subject_text(struct subject *s, const char *text, const char **out,
		  struct err *e) MUST_CHECK;
bool subject_bytes(struct subject *s, struct bytes b, struct bytes *out,
		   struct err *e) MUST_CHECK;
/** Deep copy of a described value. */
bool subject_copy(struct subject *s, const struct ev_record *layout,
		  const void *from, void *to, struct err *e) MUST_CHECK;
/** Append room for one zeroed item; list is any of the lists above. */
void *subject_push(struct subject *s, void *list, size_t item_size,
		   struct err *e) MUST_CHECK;
bool subject_push_name(struct subject *s, struct wf_names *list,
		       const char *name, struct err *e) MUST_CHECK;

/* --- look-ups (subject_find.c); NULL: no such thing --------------------- */

struct wf_enrolment *subject_enrolment(const struct subject *s, const char *id);
struct wf_enrolment *subject_enrolment_by_key(const struct subject *s,
					      const struct ev_sha256 *spki);
struct wf_request *subject_request(const struct subject *s, const char *id);
struct wf_order *subject_order(const struct subject *s, const char *id);
struct wf_certificate_state *subject_certificate(const struct subject *s,
						 const char *serial);
struct wf_status_change *subject_status_change(const struct subject *s,
					       const char *id);
/** The order that drew this serial number. */
struct wf_order *subject_order_of(const struct subject *s, const char *serial);
bool subject_serial_revoked(const struct subject *s, const char *serial);
bool wf_names_hold(const struct wf_names *names, const char *name);

/** The open request that names or was given this enrolment, but not
 * `except`. */
const struct wf_request *subject_holder(const struct subject *s,
					const char *enrolment_id,
					const struct wf_request *except);

/** Certified before, or held by another open request than `except`. */
bool subject_key_used(const struct subject *s, const struct ev_sha256 *spki,
		      const struct wf_request *except);

/* --- input identity (subject_seen.c) ------------------------------------ */

struct wf_input_id {
	enum event_inbox inbox;
	struct wf_uuid event_id;
	struct ev_sha256 body_sha256;
};

/** @return false if event_id is not a UUID */
bool wf_input_id_make(enum event_inbox inbox, const char *event_id,
		      const uint8_t *body_sha256, struct wf_input_id *out);

/** The outcome of exactly this input, or NULL. */
const struct wf_seen *subject_seen(const struct subject *s,
				   const struct wf_input_id *id);
/** Was the id used in this inbox with another body? */
bool subject_id_taken(const struct subject *s, const struct wf_input_id *id);
struct wf_waiting *subject_waiting(const struct subject *s,
				   const struct wf_input_id *id);

/* --- finding inputs (subject_index.c) ----------------------------------- */

/** Anew, after `seen` was read or cut. */
void subject_index_build(struct subject *s);
/** The last of `seen` is new. */
void subject_index_add(struct subject *s);
void subject_index_free(struct subject *s);
/** The input of this inbox and id with the same body, or with another. */
const struct wf_seen *subject_index_find(const struct subject *s,
					 const struct wf_input_id *id,
					 bool same_body);

/* --- folding (apply_*.c) ------------------------------------------------ */

/** ERR_FATAL: the log does not fit the tables. */
bool apply_step(enum wf_machine machine, int state, const struct wf_record *r,
		enum wf_case which, int *next, struct err *e) MUST_CHECK;
bool apply_enrolment(struct subject *s, const struct wf_record *r,
		     struct err *e) MUST_CHECK;
bool apply_request(struct subject *s, const struct wf_record *r, struct err *e)
	MUST_CHECK;
bool apply_order(struct subject *s, const struct wf_record *r, struct err *e)
	MUST_CHECK;
bool apply_certificate(struct subject *s, const struct wf_record *r,
		       struct err *e) MUST_CHECK;
bool apply_status(struct subject *s, const struct wf_record *r, struct err *e)
	MUST_CHECK;
bool apply_input(struct subject *s, const struct wf_record *r, struct err *e)
	MUST_CHECK;

/* When the registrar recorded it. */
static inline int64_t
recorded(const struct wf_record *r)
{
	const struct ev_meta *meta = &r->event->meta;

	return meta->recorded_at == NULL ? meta->occurred_at
					 : *meta->recorded_at;
}

#endif
