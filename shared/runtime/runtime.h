/*
 * runtime.h - what every long-running program has.
 *
 * Configuration, log level, signals and limits, metrics, health, schema
 * registry with its fallback, settings of Kafka.  The registrar
 * and the projector build on this; keygen, issuer and activator on worker.h,
 * which builds on this.
 *
 *   int
 *   main(int argc, char *argv[])
 *   {
 *           static const struct runtime_spec spec = { ... };
 *           AUTO(runtime) struct runtime *rt = NULL;
 *           int code;
 *
 *           if (!runtime_open(&spec, argc, argv, &rt, &code))
 *                   return code;
 *           ...
 *   }
 *
 * Belongs to the loop thread.
 */
#ifndef CERTFLOW_RUNTIME_RUNTIME_H
#define CERTFLOW_RUNTIME_RUNTIME_H

#include "base/config.h"
#include "kafka/admin.h"
#include "kafka/kafka.h"
#include "registry/schemas.h"
#include "runtime/health.h"
#include "runtime/metrics.h"
#include "runtime/process.h"

struct runtime;

struct runtime_spec {
	const char *program; /* "issuer": name in configuration and logs */
	const struct config_option *options; /* own table, ended by key NULL */
	const struct config_option *more_options; /* another one; NULL: none */
	bool holds_keys;               /* see process_start()          */
	const enum event_type *writes; /* ids looked up at start       */
	size_t write_count;
};

/*
 * Options of every program: kafka.bootstrap, kafka.properties_file,
 * registry.url, registry.cache_dir, registry.timeout, slot, log.level,
 * health.port.  Ended by key NULL.
 */
extern const struct config_option runtime_options[];

/**
 * Load the configuration and open everything; no cluster is asked yet.
 * Failures are printed here.
 * @param code  on false: what main() returns (0 after --help)
 */
bool runtime_open(const struct runtime_spec *spec, int argc, char *const *argv,
		  struct runtime **out, int *code) MUST_CHECK;

/* Parts; borrowed until runtime_close(), never NULL. */
const struct config *runtime_config(const struct runtime *rt);
const struct kafka_settings *runtime_kafka(const struct runtime *rt);
struct kafka_admin *runtime_admin(struct runtime *rt);
struct schemas *runtime_schemas(struct runtime *rt);
struct metrics *runtime_metrics(struct runtime *rt);
struct health *runtime_health(struct runtime *rt);

/** "issuer-0": program and slot; client id and group.instance.id. */
const char *runtime_instance(const struct runtime *rt);
int runtime_slot(const struct runtime *rt);

/**
 * Wait until the cluster answers, all these topics exist with equal
 * partition counts, and the ids of spec->writes are known. One log line per
 * change of state.
 * @return false with ERR_NONE if asked to stop, ERR_FATAL if it cannot be
 */
bool runtime_wait(struct runtime *rt, const char *const *topics, size_t count,
		  struct err *e) MUST_CHECK;

/** NULL is fine. */
void runtime_close(struct runtime *rt);
DEFINE_AUTO(runtime, struct runtime *, runtime_close);

#endif
