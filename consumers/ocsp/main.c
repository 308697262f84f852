/*
 * ocsp - says of certificates whether they are good (OCSP, RFC 6960).
 *
 * in:  certflow.events, requests over HTTP      out: answers
 * holds the responder's token, and nothing else
 *
 * The loop reads the log into memory; the HTTP server's threads answer from
 * it and sign.  What is not known as of a short while ago is not said: the
 * answer then is tryLater.
 */
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "hsm/hsm_config.h"
#include "ocsp/door.h"
#include "runtime/backoff.h"
#include "runtime/follow.h"

#define TURN_MS 500
#define WATCH_EVERY_US (5 * US_PER_S)
#define TIMEOUT_S 10u

struct ocsp {
	struct runtime *rt;
	struct identity *identity;
	struct known *known;
	struct follow *follow;
	struct hsm *hsm;
	struct responder *responder;
	struct door door;
	struct http_server *server;
	struct backoff backoff;
	struct metric *age, *certificates, *ends;
	int64_t watch_us;
	bool was_told; /* that the certificate ends soon */
};

/* clang-format off */
static const struct config_option options[] = {
	HSM_OPTIONS,
	{ "hsm.token", CONFIG_LIST, "ocsp", 0, 0, false,
	  "label of the token with the responder's key, e.g. ocsp" },
	{ "ca.certificates", CONFIG_LIST, NULL, 0, 0, false,
	  "certificates of the CAs that are answered for, PEM, e.g. "
	  "/var/lib/certflow/ca/issuing.pem" },
	{ "ocsp.certificates", CONFIG_LIST, NULL, 0, 0, false,
	  "the responder's certificate by each of them, in the same order, "
	  "e.g. /var/lib/certflow/ca/ocsp.pem; read again when it changes" },
	{ "ocsp.address", CONFIG_TEXT, "127.0.0.1", 0, 0, false,
	  "numeric address to listen on, e.g. 127.0.0.1, 0.0.0.0, ::" },
	{ "ocsp.port", CONFIG_INT, NULL, 1, 65535, false,
	  "port to listen on, e.g. 8080" },
	{ "ocsp.threads", CONFIG_INT, "2", 1, 64, false,
	  "threads of the HTTP server, e.g. 4" },
	{ "ocsp.connections", CONFIG_INT, "256", 1, 10000, false,
	  "HTTP connections at a time; about 24 KiB each" },
	{ "ocsp.connections_per_address", CONFIG_INT, "0", 0, 10000, false,
	  "of one client at a time, e.g. 16; 0: as many as there may be, which "
	  "is right behind a proxy" },
	{ "ocsp.validity", CONFIG_DURATION, "1h", 60000, 86400000, false,
	  "nextUpdate of an answer after its thisUpdate, e.g. 1h" },
	{ "ocsp.reuse", CONFIG_DURATION, "1m", 0, 3600000, false,
	  "how old an answer without nonce may be that is given again, while "
	  "the status is the same; also the time for HTTP caches; e.g. 1m" },
	{ "ocsp.reuse_answers", CONFIG_INT, "4096", 0, 1000000, false,
	  "signed answers kept for that, 2 to 3 KiB each; 0: none" },
	{ "ocsp.known_within", CONFIG_DURATION, "30s", 2000, 86400000, false,
	  "tryLater when the log was last read to its end longer ago, e.g. "
	  "30s" },
	{ "ocsp.alarm", CONFIG_DURATION, "3d", 0, 31536000000, false,
	  "not ready when a certificate of the responder ends sooner, e.g. "
	  "3d" },
	{ 0 },
};
/* clang-format on */

static bool
sign(void *self, unsigned lane, enum pki_signature kind, struct bytes data,
     struct buffer *signature, struct err *e)
{
	return hsm_sign_own(self, lane, kind, data, signature, e);
}

static bool
open_identity(struct ocsp *o, struct err *e)
{
	const struct config *cfg = runtime_config(o->rt);
	const char *cas[CONFIG_ITEMS_MAX], *responders[CONFIG_ITEMS_MAX];
	const struct identity_files files = {
		.ca_paths = cas,
		.responder_paths = responders,
		.count = config_list(cfg, "ca.certificates", cas),
	};

	if (files.count == 0 || files.count > IDENTITY_CAS_MAX ||
	    config_list(cfg, "ocsp.certificates", responders) != files.count)
		return ERR_SET(e, ERR_FATAL, "config", 0,
			       "ca.certificates and ocsp.certificates: 1 to %d "
			       "files each, as many of the one as of the other",
			       IDENTITY_CAS_MAX);
	return identity_open(&files, &o->identity, e);
}

static bool
apply(void *self, const struct event *ev, struct err *e)
{
	struct ocsp *o = self;

	return known_apply(o->known, ev, e);
}

static bool
open_follow(struct ocsp *o, struct err *e)
{
	const struct follow_spec spec = {
		.rt = o->rt,
		.self = o,
		.wants = status_wants,
		.apply = apply,
	};

	return follow_open(&spec, &o->follow, e);
}

/* Else an answer could be over when it is given (RFC 6960, 4.2.2.1). */
static bool
check_times(const struct config *cfg, struct err *e)
{
	if (config_duration_us(cfg, "ocsp.reuse") +
		    config_duration_us(cfg, "ocsp.known_within") <
	    config_duration_us(cfg, "ocsp.validity"))
		return true;
	return ERR_SET(e, ERR_FATAL, "config", 0,
		       "ocsp.validity: must be longer than ocsp.reuse and "
		       "ocsp.known_within together");
}

static bool
open_responder(struct ocsp *o, struct err *e)
{
	const struct config *cfg = runtime_config(o->rt);
	const struct responder_config responder = {
		.identity = o->identity,
		.known = o->known,
		.sign = sign,
		.self = o->hsm,
		.lanes = (unsigned)config_int(cfg, "hsm.threads"),
		.validity_us = config_duration_us(cfg, "ocsp.validity"),
		.reuse_us = config_duration_us(cfg, "ocsp.reuse"),
		.reuse_places = (size_t)config_int(cfg, "ocsp.reuse_answers"),
	};

	return check_times(cfg, e) &&
	       responder_open(&responder, &o->responder, e);
}

static bool
open_server(struct ocsp *o, struct err *e)
{
	const struct config *cfg = runtime_config(o->rt);
	const struct http_spec spec = {
		.address = config_text(cfg, "ocsp.address"),
		.port = (int)config_int(cfg, "ocsp.port"),
		.threads = (unsigned)config_int(cfg, "ocsp.threads"),
		.connections = (unsigned)config_int(cfg, "ocsp.connections"),
		.connections_per_address = (unsigned)config_int(
			cfg, "ocsp.connections_per_address"),
		.timeout_s = TIMEOUT_S,
		.body_max = PKI_OCSP_REQUEST_MAX,
		.answer = door_answer,
		.self = &o->door,
	};

	o->door.responder = o->responder;
	o->door.max_age_us = config_duration_us(cfg, "ocsp.reuse");
	door_metrics(&o->door, runtime_metrics(o->rt));
	return http_server_open(&spec, &o->server, e);
}

/* In the order of dependency; again after ERR_RETRY, from where it stood. */
static bool
open_all(struct ocsp *o, struct err *e)
{
	const struct config *cfg = runtime_config(o->rt);
	struct pki_ca *const *cas;
	size_t count;

	if (o->identity == NULL && !open_identity(o, e))
		return false;
	cas = identity_cas(o->identity, &count);
	return (o->known != NULL ||
		known_new(cas, count,
			  config_duration_us(cfg, "ocsp.known_within"),
			  &o->known, e)) &&
	       (o->hsm != NULL ||
		hsm_open_configured(cfg, "hsm.token",
				    identity_spki(o->identity), &o->hsm, e)) &&
	       (o->responder != NULL || open_responder(o, e)) &&
	       (o->server != NULL || open_server(o, e)) &&
	       (o->follow != NULL || open_follow(o, e));
}

/* The certificates: read again, and an alarm in time. */
static bool
watch(struct ocsp *o, struct err *e)
{
	int64_t alarm = config_duration_us(runtime_config(o->rt), "ocsp.alarm");
	int64_t left;
	char why[128];

	if (!identity_watch(o->identity, e))
		return false;
	left = identity_not_after(o->identity) - clock_now_us();
	metric_set(o->ends, left / US_PER_S);
	(void)snprintf(why, sizeof(why),
		       "the responder's certificate %s: renew it with certflow "
		       "ocsp",
		       left > 0 ? "ends soon" : "has ended");
	health_set(runtime_health(o->rt), HEALTH_WORK,
		   left < alarm ? why : NULL);
	return true;
}

static void
say_state(struct ocsp *o)
{
	struct health *health = runtime_health(o->rt);
	struct err why = { 0 };
	int64_t age = known_age(o->known, clock_monotonic_us());

	health_set(health, HEALTH_HSM,
		   hsm_ready(o->hsm, &why) ? NULL : why.text);
	metric_set(o->age, age < 0 ? -1 : age / US_PER_S);
	metric_set(o->certificates, (int64_t)known_count(o->known));
}

static bool
turn(struct ocsp *o, struct err *e)
{
	int64_t wall, monotonic;

	if (!open_all(o, e))
		return false;
	say_state(o);
	if (clock_monotonic_us() >= o->watch_us) {
		o->watch_us = clock_monotonic_us() + WATCH_EVERY_US;
		if (!watch(o, e))
			return false;
	}
	wall = clock_now_us();
	monotonic = clock_monotonic_us();
	if (!follow_catch_up(o->follow, e))
		return false;
	known_until(o->known, wall, monotonic);
	health_set(runtime_health(o->rt), HEALTH_START, NULL);
	return true;
}

/* False: give up, or asked to stop. follow_catch_up() has said what it is
 * that the log waits for. */
static bool
wait_again(struct ocsp *o, const struct err *e)
{
	if (e->kind == ERR_NONE)
		return false;
	if (e->kind != ERR_RETRY) {
		log_err(LOG_ERROR, runtime_instance(o->rt), "cannot go on", e);
		return false;
	}
	if (o->follow == NULL)
		health_set(runtime_health(o->rt), HEALTH_WORK, e->text);
	(void)process_sleep_ms(backoff_fail(&o->backoff));
	return true;
}

static int
run(struct ocsp *o)
{
	const char *const topics[] = { KAFKA_TOPIC_EVENTS };
	struct err e = { 0 };

	if (!runtime_wait(o->rt, topics, 1, &e))
		return e.kind == ERR_NONE ? 0 : PROCESS_EXIT_FAULT;
	while (!process_stopping()) {
		if (turn(o, &e)) {
			backoff_reset(&o->backoff);
			(void)process_sleep_ms(TURN_MS);
		} else if (!wait_again(o, &e)) {
			return e.kind == ERR_NONE  ? 0
			       : o->follow == NULL ? PROCESS_EXIT_USAGE
						   : PROCESS_EXIT_FAULT;
		}
	}
	return 0;
}

static void
add_metrics(struct ocsp *o)
{
	struct metrics *m = runtime_metrics(o->rt);

	o->age = metrics_add(m, METRIC_GAUGE, "certflow_ocsp_known_age_seconds",
			     NULL,
			     "since the log was last read to its end; -1: "
			     "never");
	o->certificates =
		metrics_add(m, METRIC_GAUGE, "certflow_ocsp_certificates", NULL,
			    "serial numbers that are known");
	o->ends = metrics_add(m, METRIC_GAUGE,
			      "certflow_ocsp_certificate_seconds", NULL,
			      "until the responder's certificate ends");
}

static void
close_all(struct ocsp *o)
{
	http_server_close(o->server);
	follow_close(o->follow);
	responder_close(o->responder);
	hsm_close(o->hsm);
	known_free(o->known);
	identity_close(o->identity);
}

int
main(int argc, char *argv[])
{
	static const struct runtime_spec spec = { .program = "ocsp",
						  .options = options,
						  .holds_keys = true };
	AUTO(runtime) struct runtime *rt = NULL;
	struct ocsp o = { .backoff = { .first_ms = 100, .max_ms = 2000 } };
	int code;

	if (!runtime_open(&spec, argc, argv, &rt, &code))
		return code;
	o.rt = rt;
	add_metrics(&o);
	code = run(&o);
	close_all(&o);
	return code;
}
