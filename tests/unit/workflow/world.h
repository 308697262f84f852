/*
 * world.h - a registrar in miniature for the tests of the workflow.
 *
 * It decides, appends to a log in memory and folds what it appended, as the
 * registrar does; time, ids and X.509 are made up, so that every run is the
 * same. say() is one inbox message; what became of it is in w->last.
 */
#ifndef CERTFLOW_TESTS_WORKFLOW_WORLD_H
#define CERTFLOW_TESTS_WORKFLOW_WORLD_H

#include <criterion/criterion.h>

#include "base/clock.h"
#include "workflow/catalogue.h"
#include "workflow/decide.h"
#include "workflow/dossier.h"
#include "workflow/layout.h"
#include "workflow/subject_state.h"

#define TAX "0199000112"
#define BRANCH_TAX "0199000112-001"
#define CUSTOMER "account-1"
#define OFFICER "gdv-1"
#define MANAGER "ql-1"
#define E1 "11111111-1111-4111-8111-111111111111"
#define E2 "22222222-2222-4222-8222-222222222222"
#define E3 "33333333-3333-4333-8333-333333333333"
#define R1 "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaa1"
#define R2 "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaa2"
#define R3 "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaa3"
#define LOG_MAX 4096

struct log_entry {
	struct event *event;
	struct bytes body;
	struct bytes submission;
	enum event_inbox inbox;
	struct ev_sha256 body_sha256;
	struct ev_source_position source;
};

struct world {
	struct arena *a;
	struct wf_env env;
	struct subject *s;
	const char *tax_code;
	struct err e;
	struct wf_decision last;
	struct log_entry log[LOG_MAX];
	size_t log_count;
	unsigned ids;
	int64_t offset;
	struct ev_sha256 forecast[WF_CLAIMS_MAX]; /* of the event in hand */
	size_t forecast_count;

	/* What the made-up X.509 and registrar say. */
	enum ev_refusal_code csr_refuses;
	enum ev_refusal_code tbs_refuses;
	bool ca_invalid;
	bool shortened;
	bool key_taken_elsewhere;
	bool id_taken_elsewhere;
	bool approvers_known; /* signatures are looked at */
	bool broken;          /* every callback fails technically */
};

struct world *world_new(const char *tax_code);
void world_free(struct world *w);
DEFINE_AUTO(world, struct world *, world_free);

/** A fresh event of this actor; the caller fills in the rest. */
struct event *world_event(struct world *w, enum event_type type,
			  const char *actor);

/** Decide, append, fold. @return what became of it */
enum wf_verdict world_say(struct world *w, const struct event *ev);
/** The same through another inbox than the event's own. */
enum wf_verdict world_say_in(struct world *w, enum event_inbox inbox,
			     const struct event *ev);
/** Decide every waiting event again, in order, until nothing changes.
 * @return how many were decided */
unsigned world_retry(struct world *w);
/** What the clock demands, until nothing is due. @return records */
unsigned world_tick(struct world *w);

/** Refusal code of the last input; UNKNOWN when admitted. */
enum ev_refusal_code world_code(const struct world *w);
const char *world_param(const struct world *w, const char *key);
/** Last record of this kind on the log, or NULL. */
const struct event *world_find(const struct world *w, enum event_type type);

/** Fold the whole log into a new subject and compare the checkpoints. */
void world_check_replay(struct world *w);

struct bytes world_csr(struct world *w, const char *tax_code,
		       const char *enrolment_id, const char *key);
struct ev_sha256 world_spki(struct world *w, const char *key);
/** Certificate around these octets; the signature verifies if it is 1. */
struct bytes world_certificate(struct world *w, struct bytes tbs,
			       uint8_t signature, uint8_t salt);

/** The signature that the made-up X.509 takes for this approval. */
struct bytes world_signature(struct world *w,
			     const struct ev_request_approved *ev);

void world_pki(struct world *w);
struct bytes world_join(struct world *w, struct bytes a, struct bytes b);

/* --- whole steps; each expects to be admitted ---------------------------- */

enum wf_verdict key_requested(struct world *w, const char *enrolment_id);
enum wf_verdict csr_generated(struct world *w, const char *enrolment_id);
enum wf_verdict enrolment_saved(struct world *w, const char *enrolment_id);
void enrol(struct world *w, const char *enrolment_id);
struct ev_submission *submission(struct event *ev);
/** A good RequestSubmitted: HSM, NEW, 12 months free. */
struct event *submit_event(struct world *w, const char *request_id,
			   int32_t revision);
enum wf_verdict submit(struct world *w, const char *request_id,
		       int32_t revision);
struct event *approve_event(struct world *w, const char *request_id,
			    const char *key);
enum wf_verdict approve(struct world *w, const char *request_id,
			const char *key);
struct event *issue_event(struct world *w, const char *request_id);
enum wf_verdict issue(struct world *w, const char *request_id);
/** CertificateIssued for the last order, with this signature and salt. */
struct event *issued_event(struct world *w, uint8_t signature, uint8_t salt);
enum wf_verdict issued(struct world *w);
struct event *serial_event(struct world *w, enum event_type type,
			   const char *actor);
/** To GOOD and INACTIVE, with enrolment and request of these ids. */
void certified(struct world *w, const char *enrolment_id,
	       const char *request_id);

#endif
