/*
 * subject.h - all that is known of one tax code: the fold of its log.
 *
 * subject_apply() is the only thing that changes a subject, and it is used
 * for new events and for replay alike: live state and rebuilt state cannot
 * differ.  Pure; one thread.
 */
#ifndef CERTFLOW_WORKFLOW_SUBJECT_H
#define CERTFLOW_WORKFLOW_SUBJECT_H

#include "base/bytes.h"
#include "event/event.h"

struct subject;
struct wf_env;

/* One record of the log with what its headers say. */
struct wf_record {
	const struct event *event;
	struct bytes body;       /* Avro body as on the log (span base)      */
	struct bytes submission; /* span of the field `submission`, or absent */
	int32_t schema_id;       /* writer schema of body                    */
	enum event_inbox inbox;  /* from header certflow-source; NONE: ours  */
	const uint8_t *body_sha256; /* header certflow-body-sha256, or NULL   */
	struct ev_source_position source; /* of the input; offset -1: ours   */
};

/** Empty subject: sequence 0, nothing known. Release with subject_free(). */
bool subject_new(const char *tax_code, struct subject **out, struct err *e)
	MUST_CHECK;
void subject_free(struct subject *s);
DEFINE_AUTO(subject, struct subject *, subject_free);

/**
 * Fold one record. A record at or below the subject's sequence is skipped
 * (replay over a checkpoint); a gap is ERR_FATAL and names both numbers.
 */
bool subject_apply(struct subject *s, const struct wf_record *r, struct err *e)
	MUST_CHECK;

/** Checkpoint: self-describing, versioned octets. */
bool subject_encode(const struct subject *s, struct buffer *out, struct err *e)
	MUST_CHECK;

/** ERR_RETRY ("unreadable checkpoint") makes the caller fold from zero. */
bool subject_decode(struct bytes b, struct subject **out, struct err *e)
	MUST_CHECK;

const char *subject_tax_code(const struct subject *s);

/** Sequence of the last event; 0 = none. */
int64_t subject_sequence(const struct subject *s);

/** When a clock rule next applies (µs), INT64_MAX = never. */
int64_t subject_next_deadline(const struct subject *s,
			      const struct wf_env *env);

/** Resident size estimate in octets, for a bounded cache. */
size_t subject_size(const struct subject *s);

/* An event that waits. Memory: the subject's, until it changes. */
struct wf_deferred {
	struct ev_source_position source;
	enum event_inbox inbox;
	const char *event_name;
	enum ev_refusal_code waiting_for;
	int64_t recorded_at;
	int64_t deadline;
	struct bytes payload; /* Kafka value as it came */
	const struct ev_bytes_entry *headers;
	size_t header_count;
};

/** In order of arrival. NULL past the end. */
const struct wf_deferred *subject_deferred(const struct subject *s, size_t i);

/* Keys this subject knows, for rebuilding the registrar's digest table. */
struct wf_known_key {
	struct ev_sha256 spki_sha256;
	bool certified;
};

/** @return false past the end */
bool subject_known_key(const struct subject *s, size_t i,
		       struct wf_known_key *out);

#define WF_ID_ENROLMENT "enrolment"
#define WF_ID_REQUEST "request"
#define WF_ID_STATUS_CHANGE "status change"

/** What stands for an id among the claims: SHA-256 of "certflow KIND ID".
 * @return false for an id that is longer than a UUID */
bool wf_id_digest(const char *kind, const char *id, struct ev_sha256 *out);

/** All that no other tax code may use: digests of the keys, then of the ids
 * of enrolments, requests and status changes. @return false past the end */
bool subject_claim(const struct subject *s, size_t i, struct ev_sha256 *out);

#endif
