/*
 * facts.h - what the workflow must know but may not find out by itself.
 *
 * The workflow is pure: no clock, no randomness, no file, no database, no
 * X.509.  Whoever calls it (the registrar, a test) lends it these.  Every
 * callback returns false only for a technical failure (then e is filled and
 * the input is tried again later); a refusal is an answer, not a failure.
 */
#ifndef CERTFLOW_WORKFLOW_FACTS_H
#define CERTFLOW_WORKFLOW_FACTS_H

#include "base/arena.h"
#include "event/event.h"

struct catalogue;
struct dossier_rules;
struct wf_refusal;

/* What a CSR that passed all rules says. Memory: the arena of the call. */
struct wf_csr {
	struct bytes spki; /* SubjectPublicKeyInfo, DER          */
	struct ev_sha256 spki_sha256;
	enum ev_key_algorithm key_algorithm;
	const char *enrolment_id; /* serialNumber of the subject, or NULL */
};

struct wf_validity {
	int64_t not_before; /* microseconds, whole seconds            */
	int64_t not_after;
	bool shortened; /* the issuing CA's own end caps the term */
	bool ca_valid;  /* the issuing CA is valid at not_before  */
};

/* What goes into a certificate; everything from the customer record. */
struct wf_certificate_plan {
	const char *tax_code;
	const struct ev_submission *submission;
	struct bytes spki; /* absent: judge names and dates with any key */
	struct wf_validity validity;
};

struct wf_tbs {
	struct bytes tbs; /* TBSCertificate, DER */
	const char *serial_number;
	const char *profile_name;
	struct ev_sha256 profile_sha256;
	struct ev_sha256 issuer_certificate_sha256;
};

struct wf_certificate {
	struct bytes tbs;        /* span inside the DER                  */
	bool signature_verifies; /* with the issuing CA's key            */
	const char *serial_number;
};

enum wf_key_claim {
	WF_KEY_FREE,  /* unknown, or known for this tax code only */
	WF_KEY_TAKEN, /* belongs to another tax code              */
};

/* X.509, lent by shared/pki through the registrar. */
struct wf_pki {
	void *self;
	/* All CSR_* and KEY_* rules; refusal->code is set if it may not be
	 * used (then *csr is untouched). */
	bool (*csr_check)(void *self, struct arena *a, struct bytes der,
			  const char *tax_code, struct wf_csr *csr,
			  struct wf_refusal *refusal, struct err *e);
	/* SHA-256 of the SubjectPublicKeyInfo of a CSR that nobody has judged.
	 * false: not a CSR. Asked by wf_claims() alone. */
	bool (*csr_key)(void *self, struct bytes der, struct ev_sha256 *out);
	bool (*validity)(void *self, int64_t now, int32_t months,
			 struct wf_validity *out, struct err *e);
	/* Build and lint; draws the serial last. refusal LINT with
	 * params.rule if a rule is broken. */
	bool (*tbs_build)(void *self, struct arena *a,
			  const struct wf_certificate_plan *plan,
			  struct wf_tbs *out, struct wf_refusal *refusal,
			  struct err *e);
	/* Unparsable DER: *parsed = false, no error. */
	bool (*certificate_parse)(void *self, struct arena *a, struct bytes der,
				  struct wf_certificate *out, bool *parsed,
				  struct err *e);
	/* Is signature_cms (present) the actor's signature over this
	 * approval, by a certificate valid now? If not, refusal
	 * APPROVAL_SIGNATURE with params.reason. Where no certificates are
	 * known, nothing can be said and nothing is refused. */
	bool (*approval_check)(void *self,
			       const struct ev_request_approved *approval,
			       int64_t now, struct wf_refusal *refusal,
			       struct err *e);
};

struct wf_limits {
	int64_t unsaved_ttl_us;     /* 24 h  */
	int64_t uncertified_ttl_us; /* 180 d */
	int64_t request_ttl_us;     /* 30 d  */
	int64_t deferral_ttl_us;    /* 10 min */
	int64_t sign_ttl_us;        /* 1 d: sign_before - now */
	int32_t deferred_max;       /* 16 per tax code */
	int32_t open_enrolments_max;
	int32_t open_requests_max;
	int32_t certificates_max;
	bool approval_signature_required; /* then certificates are known */
};

struct wf_env {
	int64_t now; /* the registrar's clock, microseconds */
	struct wf_limits limits;
	const struct catalogue *catalogue;
	const struct dossier_rules *dossier;
	struct wf_pki pki;
	void *self; /* for those below */
	bool (*uuid_draw)(void *self, char out[37], struct err *e);
	bool (*key_claim)(void *self, const struct ev_sha256 *spki,
			  const char *tax_code, enum wf_key_claim *out,
			  struct err *e);
	/* The same for the id of a request or an enrolment, by its digest
	 * (see subject_claim()). */
	bool (*id_claim)(void *self, const struct ev_sha256 *digest,
			 const char *tax_code, enum wf_key_claim *out,
			 struct err *e);
};

#endif
