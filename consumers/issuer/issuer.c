/*
 * issuer - turns an order into a certificate.
 *
 * reads   IssuanceOrdered, and what closes an order: CertificateIssued,
 *         IssuanceFailed, CertificateRejected, OrderVoided
 * writes  CertificateIssued or IssuanceFailed
 * holds   the issuing token, and nothing else
 *
 * It signs exactly the bytes of the order, after judging the order itself
 * (order_check.h). hsm_sign_own() gives no signature out that does not verify
 * with the key of the CA certificate.
 */
#include <stdlib.h>

#include "avro/avro_codec.h"
#include "base/clock.h"
#include "hsm/hsm_config.h"
#include "hsm/hsm_key.h"
#include "order_check.h"
#include "pki/address.h"
#include "pki/ca_watch.h"
#include "pki/certificate.h"
#include "pki/profile_list.h"
#include "runtime/worker.h"

#define DAY_MS (INT64_C(86400) * 1000)

struct issuer {
	struct hsm *hsm;
	struct schemas *schemas;
	struct pki_ca *ca;
	struct pki_profile_list profiles;
	struct pki_approvers *approvers; /* NULL: none configured */
	struct pki_guard *guard;
	struct order_policy policy;
	struct pki_ca_watch watch;
	struct health *health; /* the runtime's */
};

/* One order under way. */
struct job {
	struct event *submission; /* NULL: unreadable */
	struct order_verdict verdict;
	struct buffer certificate;
	int64_t signed_at;
};

static void
job_free(void *self)
{
	struct job *j = self;

	if (j == NULL)
		return;
	event_free(j->submission);
	buffer_free(&j->certificate);
	free(j);
}

static void
issuer_close(void *self)
{
	struct issuer *is = self;

	if (is == NULL)
		return;
	hsm_close(is->hsm);
	pki_profile_list_free(&is->profiles);
	pki_approvers_free(is->approvers);
	pki_guard_free(is->guard);
	pki_ca_free(is->ca);
	free(is);
}
DEFINE_AUTO(issuer, struct issuer *, issuer_close);

static bool
load_profiles(struct issuer *is, const struct config *cfg, struct err *e)
{
	const char *files[CONFIG_ITEMS_MAX], *allowed[CONFIG_ITEMS_MAX];
	size_t n = config_list(cfg, "profile.files", files);
	size_t allowed_count = config_list(cfg, "profile.sha256", allowed);
	const struct pki_places places = {
		.public_url = config_text(cfg, "ca.public_url"),
		.ocsp_url = config_text(cfg, "ca.ocsp_url"),
	};

	if (!pki_profile_list_load(&is->profiles, files, n, &places,
				   is->ca->key.algorithm, e))
		return err_context(e, "profile.files");
	if (allowed_count > 0 &&
	    !pki_profile_list_only(&is->profiles, allowed, allowed_count, e))
		return err_context(e, "profile.sha256");
	is->policy = (struct order_policy){ .ca = is->ca,
					    .profiles = &is->profiles };
	return true;
}

static bool
load_approvers(struct issuer *is, const struct config *cfg, struct err *e)
{
	const char *path = config_text(cfg, "approval.certificates");

	if (*path != '\0' && !pki_approvers_load(path, &is->approvers, e))
		return err_context(e, "approval.certificates");
	is->policy.approvers = is->approvers;
	return true;
}

static bool
load_guard(struct issuer *is, const struct config *cfg, struct err *e)
{
	const char *others[CONFIG_ITEMS_MAX];
	size_t count = config_list(cfg, "ca.others", others);

	if (!pki_address_check(&is->profiles, others, count, e) ||
	    !pki_guard_new(
		    &(struct pki_guard_config){
			    .ca = is->ca,
			    .other_cas = others,
			    .other_count = count,
			    .blocklist = config_text(cfg, "pki.blocklist") },
		    &is->guard, e))
		return false;
	is->policy.guard = is->guard;
	return true;
}

/* What the profiles ask of our key is tried before we are ready. */
static bool
open_hsm(struct issuer *is, const struct config *cfg, struct err *e)
{
	uint32_t kinds = 0;

	for (size_t i = 0; i < is->profiles.count; i++)
		kinds |= UINT32_C(1) << pki_profile_signature(
				 is->profiles.items[i], is->ca->key.algorithm);
	return hsm_open_signing(cfg, "hsm.token", is->ca->spki, kinds, &is->hsm,
				e);
}

static bool
issuer_open(struct runtime *rt, void **self, struct err *e)
{
	const struct config *cfg = runtime_config(rt);
	AUTO(issuer) struct issuer *is = calloc(1, sizeof(*is));

	if (is == NULL)
		return ERR_NO_MEMORY(e);
	is->schemas = runtime_schemas(rt);
	is->health = runtime_health(rt);
	if (!pki_ca_load(config_text(cfg, "ca.certificate"), &is->ca, e) ||
	    !load_profiles(is, cfg, e) || !load_approvers(is, cfg, e) ||
	    !load_guard(is, cfg, e) || !open_hsm(is, cfg, e))
		return false;
	is->watch = pki_ca_watch_new(is->ca, &is->profiles,
				     config_duration_us(cfg, "ca.warn"),
				     config_duration_us(cfg, "ca.alarm"));
	*self = TAKE(is);
	return true;
}

/* An issuing CA that is not valid is no reason to wait: its orders fail. */
static bool
ready(void *self, struct err *why)
{
	struct issuer *is = self;
	const char *warning;

	pki_guard_watch(is->guard);
	health_set(is->health, HEALTH_CA,
		   pki_ca_watch(&is->watch, clock_now_us(), &warning));
	health_warn(is->health, warning);
	return hsm_ready(is->hsm, why);
}

static bool
observe(void *self, const struct event *ev, struct ledger *l, struct err *e)
{
	(void)self;
	switch (ev->type) {
	case EVENT_ISSUANCE_ORDERED:
		return ledger_open(l, ev->meta.event_id, e);
	case EVENT_CERTIFICATE_ISSUED:
		ledger_close(l, ev->certificate_issued.order_id);
		return true;
	case EVENT_ISSUANCE_FAILED:
		ledger_close(l, ev->issuance_failed.order_id);
		return true;
	case EVENT_CERTIFICATE_REJECTED:
		if (ev->certificate_rejected.order_id != NULL)
			ledger_close(l, ev->certificate_rejected.order_id);
		return true;
	case EVENT_ORDER_VOIDED:
		ledger_close(l, ev->order_voided.order_id);
		return true;
	default:
		return true;
	}
}

/* A submission that is no submission is the order's fault, not ours. */
static bool
read_submission(struct issuer *is, const struct ev_issuance_ordered *order,
		struct event **out, struct err *e)
{
	const struct avro_writer *writer;

	if (schemas_writer(is->schemas, order->submission_schema_id, &writer,
			   e) &&
	    avro_decode_submission(writer, order->submission, out, e))
		return true;
	return e->kind == ERR_REJECT;
}

static bool
prepare(void *self, const struct ledger_order *o, void **job, struct err *e)
{
	struct job *j = calloc(1, sizeof(*j));

	if (j == NULL)
		return ERR_NO_MEMORY(e);
	*job = j;
	return read_submission(self, &o->event->issuance_ordered,
			       &j->submission, e);
}

static bool
sign(const struct issuer *is, unsigned thread, struct bytes tbs, struct job *j,
     struct err *e)
{
	AUTO(buffer) struct buffer signature = { 0 };

	buffer_free(&j->certificate);
	if (!hsm_sign_own(is->hsm, thread, j->verdict.signature, tbs,
			  &signature, e) ||
	    !pki_certificate_assemble(tbs, j->verdict.signature,
				      buffer_view(&signature), &j->certificate,
				      e))
		return false;
	j->signed_at = clock_now_us();
	if (!pki_certificate_carries(buffer_view(&j->certificate), tbs,
				     buffer_view(&signature), is->ca, e)) {
		/* Never the order's fault: the order passed every check. */
		e->kind = ERR_RETRY;
		return err_context(e, "signed certificate");
	}
	return true;
}

static bool
work(void *self, unsigned thread, const struct ledger_order *o, void **job,
     struct err *e)
{
	const struct issuer *is = self;
	const struct ev_issuance_ordered *order = &o->event->issuance_ordered;
	struct job *j = *job;
	const struct ev_submission *submission =
		j->submission != NULL
			? &j->submission->request_submitted.submission
			: NULL;

	if (!order_check(order, submission, &is->policy, clock_now_us(),
			 &j->verdict, e))
		return false;
	if (j->verdict.code != EV_ISSUANCE_FAILURE_CODE_UNKNOWN)
		return true;
	return sign(is, thread, order->tbs_certificate, j, e);
}

static bool
finish(void *self, const struct ledger_order *o, void *job, struct outbox *out,
       struct err *e)
{
	const struct ev_issuance_ordered *order = &o->event->issuance_ordered;
	const struct job *j = job;
	struct event ev = { .type = EVENT_CERTIFICATE_ISSUED };

	(void)self;
	if (j->verdict.code == EV_ISSUANCE_FAILURE_CODE_UNKNOWN) {
		ev.certificate_issued = (struct ev_certificate_issued){
			.order_id = order->meta.event_id,
			.request_id = order->request_id,
			.serial_number = order->serial_number,
			.certificate_der = buffer_view(&j->certificate),
			.signed_at = j->signed_at,
		};
	} else {
		ev.type = EVENT_ISSUANCE_FAILED;
		ev.issuance_failed = (struct ev_issuance_failed){
			.order_id = order->meta.event_id,
			.request_id = order->request_id,
			.serial_number = order->serial_number,
			.code = j->verdict.code,
			.rule = j->verdict.rule,
			.detail = j->verdict.detail,
		};
	}
	return outbox_send(out, &ev, e);
}

/* clang-format off */
static const struct config_option options[] = {
	HSM_OPTIONS,
	{ "hsm.token", CONFIG_LIST, "issuing", 0, 0, false,
	  "label of the token with the issuing key, e.g. issuing" },
	{ "ca.certificate", CONFIG_TEXT, NULL, 0, 0, false,
	  "certificate of the issuing CA, PEM, e.g. /var/lib/certflow/ca/issuing.pem" },
	{ "ca.others", CONFIG_LIST, "", 0, 0, false,
	  "PEM files of our other CAs (root, earlier ones), whose keys nobody "
	  "may have certified, e.g. /var/lib/certflow/ca/root.pem" },
	{ "ca.warn", CONFIG_DURATION, "90d", 0, 3650 * DAY_MS, false,
	  "the end of the issuing CA is told so long before: in program "
	  "output once a day, in /health as a warning" },
	{ "ca.alarm", CONFIG_DURATION, "30d", 0, 3650 * DAY_MS, false,
	  "the same at level error" },
	{ "ca.public_url", CONFIG_TEXT, "", 0, 0, false,
	  "where CRL and CA certificate are served, e.g. http://ca.example; "
	  "empty: certificates name no address" },
	{ "ca.ocsp_url", CONFIG_TEXT, "", 0, 0, false,
	  "where the OCSP responder answers, e.g. http://ocsp.example; empty: "
	  "certificates name none" },
	{ "pki.blocklist", CONFIG_TEXT, "", 0, 0, false,
	  "file of digests of compromised keys, e.g. "
	  "/etc/certflow/blocklist.txt; read again when it changes; empty: "
	  "none" },
	{ "profile.files", CONFIG_LIST, NULL, 0, 0, false,
	  "certificate profiles that may be signed, e.g. "
	  "/usr/share/certflow/profiles/org-hsm-ca4.ini" },
	{ "profile.sha256", CONFIG_LIST, "", 0, 0, false,
	  "SHA-256 of the profiles that may be signed, hexadecimal; a file "
	  "with another one stops the start; empty: all of profile.files" },
	{ "approval.certificates", CONFIG_TEXT, "", 0, 0, false,
	  "PEM file of the approvers' certificates, e.g. "
	  "/etc/certflow/approvers.pem; orders without a valid signature of "
	  "the approval are not carried out; empty: they are not looked at" },
	{ 0 },
};
/* clang-format on */

static const enum event_type wants[] = {
	EVENT_ISSUANCE_ORDERED, EVENT_CERTIFICATE_ISSUED,
	EVENT_ISSUANCE_FAILED,  EVENT_CERTIFICATE_REJECTED,
	EVENT_ORDER_VOIDED,
};

static const enum event_type writes[] = { EVENT_CERTIFICATE_ISSUED,
					  EVENT_ISSUANCE_FAILED };

int
main(int argc, char *argv[])
{
	static const struct worker issuer = {
		.name = "issuer",
		.options = options,
		.inbox = INBOX_ISSUER,
		.wants = wants,
		.want_count = sizeof(wants) / sizeof(wants[0]),
		.writes = writes,
		.write_count = sizeof(writes) / sizeof(writes[0]),
		.holds_keys = true,
		.threads_option = "hsm.threads",
		.open = issuer_open,
		.close = issuer_close,
		.ready = ready,
		.observe = observe,
		.prepare = prepare,
		.work = work,
		.finish = finish,
		.job_free = job_free,
	};

	return worker_main(&issuer, argc, argv);
}
