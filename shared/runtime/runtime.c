#include "runtime/runtime.h"

#include <string.h>

#include "base/log.h"
#include "registry/schema_topic.h"
#include "runtime/backoff.h"

#define ASK_MS 3000
#define INSTANCE_MAX 64

struct runtime {
	const struct runtime_spec *spec;
	struct config *cfg;
	struct kafka_settings kafka;
	int slot;
	char instance[INSTANCE_MAX];
	struct metrics *metrics;
	struct health *health;
	struct kafka_admin *admin;
	struct schema_topic *schema_topic;
	struct registry *registry;
	struct schemas *schemas;
};

const struct config_option runtime_options[] = {
	{ "kafka.bootstrap", CONFIG_TEXT, "localhost:9092", 0, 0, false,
	  "brokers to ask first, host:port,host:port" },
	{ "kafka.properties_file", CONFIG_TEXT, "", 0, 0, true,
	  "file of further librdkafka properties, key=value (TLS, SASL)" },
	{ "registry.url", CONFIG_TEXT, "http://localhost:8081/apis/ccompat/v7",
	  0, 0, false, "schema registry, base address of the Confluent API" },
	{ "registry.cache_dir", CONFIG_TEXT, "", 0, 0, false,
	  "directory that keeps schemas for when the registry is away; "
	  "empty: none" },
	{ "registry.timeout", CONFIG_DURATION, "3s", 100, 60000, false,
	  "time for one answer of the registry" },
	{ "slot", CONFIG_INT, "0", 0, 999, false,
	  "number of this instance among those of the program" },
	{ "log.level", CONFIG_TEXT, "info", 0, 0, false,
	  "debug, info, warn or error" },
	{ "health.port", CONFIG_INT, "0", 0, 65535, false,
	  "port on 127.0.0.1 for /health and /metrics; 0: none" },
	{ NULL, CONFIG_TEXT, NULL, 0, 0, false, NULL },
};

static bool
load(struct runtime *rt, int argc, char *const *argv, int *code)
{
	static const struct config_option none[] = {
		{ NULL, CONFIG_TEXT, NULL, 0, 0, false, NULL },
	};
	const struct config_option *tables[] = {
		runtime_options,
		rt->spec->options == NULL ? none : rt->spec->options,
		rt->spec->more_options == NULL ? none : rt->spec->more_options,
		NULL,
	};
	struct err e = { 0 };

	switch (config_load(rt->spec->program, tables, argc, argv, &rt->cfg,
			    &e)) {
	case CONFIG_RUN:
		return true;
	case CONFIG_EXIT:
		*code = 0;
		return false;
	default:
		fprintf(stderr, "%s: %s\n", rt->spec->program, e.text);
		*code = PROCESS_EXIT_USAGE;
		return false;
	}
}

static bool
settle(struct runtime *rt, struct err *e)
{
	const char *name = config_text(rt->cfg, "log.level");
	enum log_level level;

	if (!log_level_parse(name, &level))
		return ERR_SET(e, ERR_FATAL, "config", 0,
			       "log.level: no such level \"%s\"", name);
	log_set_level(level);
	rt->slot = (int)config_int(rt->cfg, "slot");
	snprintf(rt->instance, sizeof(rt->instance), "%s-%d", rt->spec->program,
		 rt->slot);
	rt->kafka = (struct kafka_settings){
		.bootstrap = config_text(rt->cfg, "kafka.bootstrap"),
		.client_id = rt->instance,
		.properties_file =
			config_text(rt->cfg, "kafka.properties_file"),
	};
	return true;
}

static bool
open_services(struct runtime *rt, struct err *e)
{
	struct registry_config registry;

	if (!metrics_new(&rt->metrics, e) ||
	    !health_open((int)config_int(rt->cfg, "health.port"), rt->metrics,
			 &rt->health, e) ||
	    !kafka_admin_open(&rt->kafka, &rt->admin, e) ||
	    !schema_topic_open(&rt->kafka, &rt->schema_topic, e))
		return false;
	registry = (struct registry_config){
		.url = config_text(rt->cfg, "registry.url"),
		.cache_dir = config_text(rt->cfg, "registry.cache_dir"),
		.timeout_ms =
			(int)(config_duration_us(rt->cfg, "registry.timeout") /
			      1000),
		.find = schema_topic_find,
		.self = rt->schema_topic,
	};
	return registry_open(&registry, &rt->registry, e) &&
	       schemas_open(rt->registry, &rt->schemas, e);
}

bool
runtime_open(const struct runtime_spec *spec, int argc, char *const *argv,
	     struct runtime **out, int *code)
{
	AUTO(runtime) struct runtime *rt = calloc(1, sizeof(*rt));
	struct err e = { 0 };

	*code = PROCESS_EXIT_FAULT;
	if (rt == NULL)
		return false;
	rt->spec = spec;
	process_start(spec->holds_keys);
	if (!load(rt, argc, argv, code))
		return false;
	if (!settle(rt, &e) || !open_services(rt, &e)) {
		log_err(LOG_ERROR, spec->program, "cannot start", &e);
		*code = PROCESS_EXIT_USAGE;
		return false;
	}
	log_line(LOG_INFO, rt->instance, "started", "version", CERTFLOW_VERSION,
		 "kafka", rt->kafka.bootstrap, "registry",
		 config_text(rt->cfg, "registry.url"), NULL);
	*out = TAKE(rt);
	return true;
}

const struct config *
runtime_config(const struct runtime *rt)
{
	return rt->cfg;
}

const struct kafka_settings *
runtime_kafka(const struct runtime *rt)
{
	return &rt->kafka;
}

struct kafka_admin *
runtime_admin(struct runtime *rt)
{
	return rt->admin;
}

struct schemas *
runtime_schemas(struct runtime *rt)
{
	return rt->schemas;
}

struct metrics *
runtime_metrics(struct runtime *rt)
{
	return rt->metrics;
}

struct health *
runtime_health(struct runtime *rt)
{
	return rt->health;
}

const char *
runtime_instance(const struct runtime *rt)
{
	return rt->instance;
}

int
runtime_slot(const struct runtime *rt)
{
	return rt->slot;
}

/* @return true: there; false: e says whether to wait */
static bool
look_for(struct runtime *rt, enum health_part part, const char *const *topics,
	 size_t count, struct err *e)
{
	int32_t n;

	if (part == HEALTH_KAFKA)
		return count == 0 ? kafka_admin_ping(rt->admin, ASK_MS, e)
				  : kafka_admin_equal_partitions(rt->admin,
								 topics, count,
								 ASK_MS, &n, e);
	return schemas_learn(rt->schemas, rt->spec->writes,
			     rt->spec->write_count, e);
}

bool
runtime_wait(struct runtime *rt, const char *const *topics, size_t count,
	     struct err *e)
{
	static const enum health_part parts[] = { HEALTH_KAFKA,
						  HEALTH_REGISTRY };
	struct backoff b = { .first_ms = 200, .max_ms = 5000 };

	for (size_t i = 0; i < 2;) {
		if (process_stopping()) {
			e->kind = ERR_NONE;
			return false;
		}
		if (look_for(rt, parts[i], topics, count, e)) {
			health_set(rt->health, parts[i], NULL);
			backoff_reset(&b);
			i++;
			continue;
		}
		if (e->kind != ERR_RETRY)
			return false;
		health_set(rt->health, parts[i], e->text);
		(void)process_sleep_ms(backoff_fail(&b));
	}
	return true;
}

void
runtime_close(struct runtime *rt)
{
	if (rt == NULL)
		return;
	schemas_close(rt->schemas);
	registry_close(rt->registry);
	schema_topic_close(rt->schema_topic);
	kafka_admin_close(rt->admin);
	health_close(rt->health);
	metrics_free(rt->metrics);
	config_free(rt->cfg);
	free(rt);
}
