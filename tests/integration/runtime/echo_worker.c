/*
 * echo_worker - answers each KeyPairRequested with KeyPairFailed.
 *
 * It stands where keygen stands, without a token: what is tested is the loop
 * around it.  Two files steer it: while `away` exists it is not ready, while
 * `broken` exists its work says "try again".
 */
#include <string.h>
#include <unistd.h>

#include "runtime/worker.h"

struct echo {
	const char *dir;
	int64_t work_us;
};

static const struct config_option options[] = {
	{ "echo.dir", CONFIG_TEXT, NULL, 0, 0, false, "steering files" },
	{ "echo.work", CONFIG_DURATION, "1ms", 0, 60000, false, "of an order" },
	{ "echo.threads", CONFIG_INT, "2", 1, 8, false, "of the pool" },
	{ NULL, CONFIG_TEXT, NULL, 0, 0, false, NULL },
};

static bool
exists(const struct echo *s, const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", s->dir, name);
	return access(path, F_OK) == 0;
}

static bool
echo_open(struct runtime *rt, void **self, struct err *e)
{
	struct echo *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return ERR_NO_MEMORY(e);
	s->dir = config_text(runtime_config(rt), "echo.dir");
	s->work_us = config_duration_us(runtime_config(rt), "echo.work");
	*self = s;
	return true;
}

static bool
echo_ready(void *self, struct err *why)
{
	if (!exists(self, "away"))
		return true;
	return ERR_SET(why, ERR_RETRY, "echo", 0, "token is away");
}

static bool
echo_observe(void *self, const struct event *ev, struct ledger *l,
	     struct err *e)
{
	(void)self;
	if (ev->type == EVENT_KEY_PAIR_REQUESTED)
		return ledger_open(l, ev->key_pair_requested.enrolment_id, e);
	ledger_close(l, ev->key_pair_failed.enrolment_id);
	return true;
}

static bool
echo_work(void *self, unsigned thread, const struct ledger_order *o, void **job,
	  struct err *e)
{
	const struct echo *s = self;

	(void)thread;
	(void)o;
	*job = strdup("done");
	(void)usleep((useconds_t)s->work_us);
	if (exists(s, "broken"))
		return ERR_SET(e, ERR_RETRY, "echo", 0, "token is broken");
	return true;
}

static bool
echo_finish(void *self, const struct ledger_order *o, void *job,
	    struct outbox *out, struct err *e)
{
	struct event ev = {
		.type = EVENT_KEY_PAIR_FAILED,
		.key_pair_failed = {
			.enrolment_id =
				o->event->key_pair_requested.enrolment_id,
			.code = EV_KEY_PAIR_FAILURE_CODE_TOKEN_FULL,
			.detail = job,
		},
	};

	(void)self;
	return outbox_send(out, &ev, e);
}

int
main(int argc, char *argv[])
{
	static const enum event_type wants[] = { EVENT_KEY_PAIR_REQUESTED,
						 EVENT_KEY_PAIR_FAILED };
	static const enum event_type writes[] = { EVENT_KEY_PAIR_FAILED };
	static const struct worker worker = {
		.name = "echo",
		.options = options,
		.inbox = INBOX_KEYGEN,
		.wants = wants,
		.want_count = 2,
		.writes = writes,
		.write_count = 1,
		.threads_option = "echo.threads",
		.open = echo_open,
		.close = free,
		.ready = echo_ready,
		.observe = echo_observe,
		.work = echo_work,
		.finish = echo_finish,
		.job_free = free,
	};

	return worker_main(&worker, argc, argv);
}
