/*
 * registrar - admits events from the inboxes to the log, exactly once.
 *
 * in:   certflow.inbox.*
 * out:  certflow.events (its only writer), certflow.outcomes,
 *       certflow.dead-letters, certflow.inbox.misrouted
 */
#include <stdio.h>

#include "base/log.h"
#include "base/uuid.h"
#include "registrar/pki_facts.h"
#include "registrar/rebalance.h"
#include "registrar/registrar.h"
#include "registrar/settings.h"
#include "workflow/catalogue.h"
#include "workflow/dossier.h"

#define RULES_FILE_MAX (1024u * 1024)

/* What it decides by, besides the log. */
struct rules {
	struct pki_facts *pki;
	struct catalogue *catalogue;
	struct dossier_rules *dossier;
};

static const enum event_type writes[] = {
	EVENT_ISSUANCE_ORDERED,
	EVENT_ACTIVATION_ORDERED,
	EVENT_ENROLMENT_ABANDONED,
	EVENT_EVENT_DEFERRED,
	EVENT_EVENT_REFUSED,
	EVENT_CERTIFICATE_DEACTIVATED,
	EVENT_REQUEST_LAPSED,
	EVENT_CERTIFICATE_REJECTED,
	EVENT_ORDER_VOIDED,
	EVENT_CERTIFICATE_REVOKED,
	EVENT_CERTIFICATE_SUSPENDED,
	EVENT_CERTIFICATE_RESUMED,
	EVENT_OUTCOME,
};

static bool
uuid_draw(void *self, char out[37], struct err *e)
{
	(void)self;
	return uuid_v4(out, e);
}

static void
rules_free(struct rules *u)
{
	pki_facts_free(u->pki);
	dossier_free(u->dossier);
	catalogue_free(u->catalogue);
}
DEFINE_AUTO_VALUE(rules, struct rules, rules_free);

static bool
rules_load(const struct config *cfg, struct rules *u, struct err *e)
{
	AUTO(buffer) struct buffer products = { 0 };
	AUTO(buffer) struct buffer documents = { 0 };
	const char *catalogue = config_text(cfg, "catalogue.file");
	const char *dossier = config_text(cfg, "dossier.file");
	const char *approvers = config_text(cfg, "approval.certificates");
	const char *other_cas[CONFIG_ITEMS_MAX], *profiles[CONFIG_ITEMS_MAX];

	if (config_bool(cfg, "approval.signature_required") &&
	    *approvers == '\0')
		return ERR_SET(e, ERR_FATAL, "config", 0,
			       "approval.signature_required: needs "
			       "approval.certificates");

	if (!file_read(catalogue, RULES_FILE_MAX, &products, e) ||
	    !catalogue_parse(buffer_view(&products), &u->catalogue, e))
		return err_context(e, "%s", catalogue);
	if (!file_read(dossier, RULES_FILE_MAX, &documents, e) ||
	    !dossier_parse(buffer_view(&documents), &u->dossier, e))
		return err_context(e, "%s", dossier);
	return pki_facts_new(
		&(struct pki_facts_config){
			.ca_certificate = config_text(cfg, "ca.certificate"),
			.other_cas = other_cas,
			.other_ca_count =
				config_list(cfg, "ca.others", other_cas),
			.blocklist = config_text(cfg, "pki.blocklist"),
			.profiles = profiles,
			.profile_count =
				config_list(cfg, "profile.files", profiles),
			.places = { .public_url =
					    config_text(cfg, "ca.public_url"),
				    .ocsp_url =
					    config_text(cfg, "ca.ocsp_url") },
			.catalogue = u->catalogue,
			.approvers = approvers,
			.ca_warn_us = config_duration_us(cfg, "ca.warn"),
			.ca_alarm_us = config_duration_us(cfg, "ca.alarm") },
		&u->pki, e);
}

static void
add_metrics(struct registrar *r)
{
	struct metrics *m = runtime_metrics(r->rt);
	struct registrar_metrics *c = &r->count;
	static const char name[] = "certflow_registrar_decisions_total";
	static const char help[] = "inbox events by what became of them";

	c->admitted = metrics_add(m, METRIC_COUNTER, name,
				  "result=\"admitted\"", help);
	c->refused = metrics_add(m, METRIC_COUNTER, name, "result=\"refused\"",
				 help);
	c->deferred = metrics_add(m, METRIC_COUNTER, name,
				  "result=\"deferred\"", help);
	c->repeated = metrics_add(m, METRIC_COUNTER, name,
				  "result=\"repeated\"", help);
	c->dead_letters = metrics_add(m, METRIC_COUNTER, name,
				      "result=\"dead_letter\"", help);
	c->waiting = metrics_add(m, METRIC_COUNTER, name, "result=\"waiting\"",
				 help);
	c->transactions = metrics_add(m, METRIC_COUNTER,
				      "certflow_registrar_transactions_total",
				      NULL, "transactions committed");
	c->aborts = metrics_add(m, METRIC_COUNTER,
				"certflow_registrar_aborts_total", NULL,
				"transactions aborted");
	c->subjects =
		metrics_add(m, METRIC_GAUGE, "certflow_registrar_subjects",
			    NULL, "tax codes in memory");
	c->cache_bytes =
		metrics_add(m, METRIC_GAUGE, "certflow_registrar_cache_bytes",
			    NULL, "octets of tax codes in memory");
}

static void
fill(struct registrar *r, const struct rules *u)
{
	const struct config *cfg = runtime_config(r->rt);

	r->schemas = runtime_schemas(r->rt);
	r->admin = runtime_admin(r->rt);
	r->batch_max = (size_t)config_int(cfg, "batch.max");
	r->commit_interval_us = config_duration_us(cfg, "commit.interval");
	r->checkpoint_interval_us =
		config_duration_us(cfg, "checkpoint.interval");
	r->guard = pki_facts_guard(u->pki);
	r->ca_watch = pki_facts_watch(u->pki);
	r->env = (struct wf_env){ .limits = settings_limits(cfg),
				  .catalogue = u->catalogue,
				  .dossier = u->dossier,
				  .pki = pki_facts_lend(u->pki),
				  .self = r,
				  .uuid_draw = uuid_draw,
				  .key_claim = claims_ask,
				  .id_claim = claims_ask };
	add_metrics(r);
}

/* The database may come up after us. */
static bool
open_store(struct registrar *r, struct err *e)
{
	const struct config *cfg = runtime_config(r->rt);
	struct backoff pause = { .first_ms = 100, .max_ms = 5000 };
	char slot[24];

	log_int(slot, runtime_slot(r->rt));
	while (!store_open(config_text(cfg, "db.conninfo"), slot, &r->store,
			   e)) {
		if (e->kind != ERR_RETRY)
			return false;
		health_set(runtime_health(r->rt), HEALTH_DATABASE, e->text);
		if (process_sleep_ms(backoff_fail(&pause)))
			return ERR_SET(e, ERR_NONE, "registrar", 0, "stopped");
	}
	return cache_new((size_t)config_int(cfg, "cache.max_bytes"), &r->cache,
			 e);
}

/*
 * Before the group is joined: positions cannot be read while a transaction
 * of our earlier life is open. If it cannot be now, the first fold does it.
 */
static bool
end_earlier_life(struct registrar *r, struct err *e)
{
	return fold_open_producer(r, e) || e->kind == ERR_RETRY;
}

static bool
open_bus(struct registrar *r, struct err *e)
{
	static const char *const equal[] = {
		KAFKA_TOPIC_INBOX_EINVOICE,  KAFKA_TOPIC_INBOX_OFFICER,
		KAFKA_TOPIC_INBOX_MANAGER,   KAFKA_TOPIC_INBOX_KEYGEN,
		KAFKA_TOPIC_INBOX_ISSUER,    KAFKA_TOPIC_INBOX_ACTIVATOR,
		KAFKA_TOPIC_INBOX_MISROUTED, KAFKA_TOPIC_EVENTS,
		KAFKA_TOPIC_OUTCOMES,
	};
	const size_t n = sizeof(equal) / sizeof(equal[0]);

	if (!runtime_wait(r->rt, equal, n, e) ||
	    !kafka_admin_partitions(r->admin, KAFKA_TOPIC_EVENTS, 10000,
				    &r->partitions, e) ||
	    !end_earlier_life(r, e))
		return false;
	health_set(runtime_health(r->rt), HEALTH_START,
		   "waiting for partitions of group " REGISTRAR_GROUP);
	return kafka_consumer_open(
		&(struct kafka_consumer_config){
			.kafka = *runtime_kafka(r->rt),
			.group = REGISTRAR_GROUP,
			.instance_id = runtime_instance(r->rt),
			.topics = registrar_inboxes,
			.topic_count = INPUTS,
			.equal_topics = equal,
			.equal_topic_count = n,
			.events = &rebalance_events,
			.self = r },
		&r->consumer, e);
}

static void
registrar_close(struct registrar *r)
{
	kafka_consumer_close(r->consumer);
	kafka_group_free(r->group);
	kafka_txn_close(r->txn);
	if (r->cache != NULL)
		rebalance_drop(r);
	cache_free(r->cache);
	store_close(r->store);
	free(r->ahead);
	runtime_close(r->rt);
}
DEFINE_AUTO_VALUE(registrar, struct registrar, registrar_close);

int
main(int argc, char *argv[])
{
	static const struct runtime_spec spec = {
		.program = "registrar",
		.options = settings_options,
		.writes = writes,
		.write_count = sizeof(writes) / sizeof(writes[0]),
	};
	AUTO(rules) struct rules rules = { 0 };
	AUTO(registrar) struct registrar r = { 0 };
	struct err e = { 0 };
	int code;

	if (!runtime_open(&spec, argc, argv, &r.rt, &code))
		return code;
	if (!rules_load(runtime_config(r.rt), &rules, &e)) {
		log_err(LOG_ERROR, "registrar", "cannot start", &e);
		return PROCESS_EXIT_USAGE;
	}
	fill(&r, &rules);
	r.ahead = ahead_new(&e);
	if (r.ahead != NULL && open_store(&r, &e) && open_bus(&r, &e))
		return loop_run(&r);
	if (e.kind == ERR_NONE)
		return 0;
	log_err(LOG_ERROR, "registrar", "cannot start", &e);
	return PROCESS_EXIT_FAULT;
}
