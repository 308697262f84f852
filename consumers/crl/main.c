/*
 * crl - publishes the certificate revocation list of one issuing CA.
 *
 * reads   certflow.events, from its beginning at each start
 * writes  files: the CRL, and an archive of all of them
 * holds   the token with that CA's key
 *
 * A CRL says what the whole log says at its thisUpdate: before each one, the
 * ends of all partitions are asked for and read up to.  A second instance
 * for the same files finds the list published and does nothing.
 */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "crl/crl.h"
#include "hsm/hsm_config.h"
#include "pki/certificate.h"

#define POLL_MS 200
#define LOOK_US (5 * US_PER_S) /* between two looks at log and files */
#define TEXT_MAX (ERR_TEXT_MAX + 64)
#define OVERDUE_US (10 * US_PER_S) /* so long may a change wait */

static bool
open_all(struct crl *c, struct err *e)
{
	const struct config *cfg = runtime_config(c->rt);

	if (!pki_ca_load(config_text(cfg, "ca.certificate"), &c->ca, e))
		return false;
	c->publisher.ca = c->ca;
	if (!hsm_open_configured(cfg, "hsm.token", c->ca->spki, &c->hsm, e) ||
	    !status_book_new(c->ca->subject, &c->book, e))
		return false;
	status_book_verify(c->book, pki_certificate_is_by, c->ca);
	return true;
}

static bool
apply(void *self, const struct event *ev, struct err *e)
{
	const struct crl *c = self;

	return status_book_apply(c->book, ev, e);
}

static bool
open_log(struct crl *c, struct err *e)
{
	static const char *const topics[] = { KAFKA_TOPIC_EVENTS };
	const struct follow_spec spec = {
		.rt = c->rt, .self = c, .wants = status_wants, .apply = apply
	};

	return runtime_wait(c->rt, topics, 1, e) &&
	       follow_open(&spec, &c->follow, e);
}

static void
close_all(struct crl *c)
{
	follow_close(c->follow);
	hsm_close(c->hsm);
	status_book_free(c->book);
	pki_ca_free(c->ca);
	crl_last_clear(&c->last);
}

/* @return why, or NULL if the CRL is as it should be */
static const char *
trouble(const struct crl *c, char text[TEXT_MAX])
{
	const struct pki_crl *crl = &c->last.crl;
	int64_t now = clock_now_us(), left = crl->next_update - now;
	char when[CLOCK_TEXT_MAX];

	clock_format(crl->next_update, when);
	if (!c->last.exists)
		snprintf(text, TEXT_MAX, "no CRL is published");
	else if (left <= 0)
		snprintf(text, TEXT_MAX, "CRL %" PRId64 " ended at %.19sZ",
			 crl->number, when);
	else if (left < c->alert_us)
		snprintf(text, TEXT_MAX, "CRL %" PRId64 " ends at %.19sZ",
			 crl->number, when);
	else if (c->due_us != 0 &&
		 clock_monotonic_us() - c->due_us > OVERDUE_US)
		snprintf(text, TEXT_MAX, "a new CRL is overdue");
	else
		return NULL;
	if (c->why.text[0] != '\0') {
		size_t len = strlen(text);

		snprintf(text + len, TEXT_MAX - len, ": %s", c->why.text);
	}
	return text;
}

static void
show(struct crl *c)
{
	struct health *h = runtime_health(c->rt);
	char text[TEXT_MAX];
	struct err why = { 0 };
	bool ready = hsm_ready(c->hsm, &why);

	health_set(h, HEALTH_HSM, ready ? NULL : why.text);
	health_set(h, HEALTH_WORK, trouble(c, text));
}

/* ERR_RETRY is waited out, health says why; @return false: end */
static bool
goes_on(bool ok, struct err *e)
{
	if (ok)
		return true;
	if (e->kind != ERR_RETRY)
		return false;
	if (!process_sleep_ms(POLL_MS))
		return true;
	e->kind = ERR_NONE;
	return false;
}

static bool
turn(struct crl *c, struct err *e)
{
	if (!goes_on(follow_poll(c->follow, POLL_MS, e), e))
		return false;
	if (clock_monotonic_us() >= c->look_us) {
		crl_look_at_files(c);
		if (!goes_on(follow_catch_up(c->follow, e), e))
			return false;
		c->look_us = clock_monotonic_us() + LOOK_US;
	}
	if (!crl_publish(c, e))
		return false;
	show(c);
	return true;
}

static bool
catch_up(struct crl *c, struct err *e)
{
	char n[24], known[24], ms[24];
	int64_t begin = clock_monotonic_us();

	while (!follow_catch_up(c->follow, e)) {
		if (!goes_on(false, e))
			return false;
		show(c);
	}
	log_line(LOG_INFO, runtime_instance(c->rt), "caught up", "records",
		 log_int(n, (long long)follow_count(c->follow)), "certificates",
		 log_int(known, (long long)status_book_count(c->book)), "ms",
		 log_int(ms, (clock_monotonic_us() - begin) / 1000), NULL);
	crl_look_at_files(c);
	show(c);
	health_set(runtime_health(c->rt), HEALTH_START, NULL);
	return true;
}

static bool
run(struct crl *c, struct err *e)
{
	if (!open_log(c, e) || !catch_up(c, e))
		return false;
	while (!process_stopping())
		if (!turn(c, e))
			return false;
	e->kind = ERR_NONE;
	return true;
}

int
main(int argc, char *argv[])
{
	static const struct runtime_spec spec = { .program = "crl",
						  .options = crl_options,
						  .holds_keys = true };
	AUTO(runtime) struct runtime *rt = NULL;
	struct crl c = { .backoff = { .first_ms = 200, .max_ms = 2000 },
			 .listed = UINT64_MAX };
	struct err e = { 0 };
	int code;

	if (!runtime_open(&spec, argc, argv, &rt, &code))
		return code;
	c.rt = rt;
	crl_add_metrics(&c);
	code = PROCESS_EXIT_USAGE;
	if (crl_configure(&c, &e) && open_all(&c, &e))
		code = run(&c, &e) || e.kind == ERR_NONE ? 0
							 : PROCESS_EXIT_FAULT;
	close_all(&c);
	if (code != 0)
		log_err(LOG_ERROR, runtime_instance(rt), "ends", &e);
	else
		log_line(LOG_INFO, runtime_instance(rt), "stopped", NULL);
	return code;
}
