#include <criterion/criterion.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "runtime/backoff.h"
#include "runtime/cloudevents.h"
#include "runtime/health.h"
#include "runtime/pool.h"
#include "runtime/process.h"
#include "runtime/watch.h"

static struct err e;

Test(backoff, doubles_up_to_its_end_with_jitter)
{
	struct backoff b = { .first_ms = 100, .max_ms = 1000 };
	static const int steps[] = { 100, 200, 400, 800, 1000, 1000 };

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		int wait = backoff_fail(&b);

		cr_expect(wait >= steps[i] / 2 && wait <= steps[i], "%d: %d",
			  steps[i], wait);
		cr_expect_not(backoff_ready(&b));
	}
	cr_expect_eq(b.failures, 6);
	backoff_reset(&b);
	cr_expect(backoff_ready(&b));
	cr_expect_leq(backoff_fail(&b), 100);
}

Test(metrics, prints_families_together)
{
	struct metrics *m;
	AUTO(buffer) struct buffer out = { 0 };
	struct metric *a;

	cr_assert(metrics_new(&m, &e));
	a = metrics_add(m, METRIC_COUNTER, "a_total", "topic=\"x\"", "help a");
	metric_set(metrics_add(m, METRIC_GAUGE, "b", NULL, "help b"), -7);
	metric_inc(metrics_add(m, METRIC_COUNTER, "a_total", "topic=\"y\"",
			       "help a"),
		   2);
	metric_inc(a, 40);
	metric_inc(metrics_add(m, METRIC_COUNTER, "a_total", "topic=\"x\"", ""),
		   1);
	cr_assert(metrics_print(m, &out, &e));
	cr_assert(buffer_add(&out, "", 1, &e));
	cr_expect_str_eq((char *)out.data,
			 "# HELP a_total help a\n# TYPE a_total counter\n"
			 "a_total{topic=\"x\"} 41\na_total{topic=\"y\"} 2\n"
			 "# HELP b help b\n# TYPE b gauge\nb -7\n");
	metrics_free(m);
}

Test(metrics, too_many_go_to_the_spare_one)
{
	struct metrics *m;
	char label[32];
	struct metric *last = NULL;

	cr_assert(metrics_new(&m, &e));
	for (int i = 0; i < 300; i++) {
		snprintf(label, sizeof(label), "n=\"%d\"", i);
		last = metrics_add(m, METRIC_COUNTER, "x", label, "x");
		metric_inc(last, 1);
	}
	cr_expect_eq(metric_get(last), 300 - 256);
	metrics_free(m);
}

Test(health, ready_when_no_part_has_a_reason)
{
	struct metrics *m;
	struct health *h;

	cr_assert(metrics_new(&m, &e));
	cr_assert(health_open(0, m, &h, &e));
	cr_expect_not(health_ready(h), "still starting");
	health_set(h, HEALTH_START, NULL);
	cr_expect(health_ready(h));
	health_set(h, HEALTH_HSM, "token away");
	cr_expect_not(health_ready(h));
	health_set(h, HEALTH_HSM, NULL);
	cr_expect(health_ready(h));
	health_close(h);
	metrics_free(m);
}

Test(watch, call_in_time_is_left_alone)
{
	struct watch *w;
	struct watch_slot *slot;

	cr_assert(watch_open(&w, &e));
	cr_assert(watch_slot_new(w, &slot, &e));
	watch_begin(slot, "sign", 100);
	watch_end(slot);
	usleep(500000);
	watch_begin(NULL, "nothing", 1);
	watch_end(NULL);
	watch_close(w);
}

Test(watch, hung_call_ends_the_process, .exit_code = PROCESS_EXIT_HUNG)
{
	struct watch *w;
	struct watch_slot *slot;

	cr_assert(watch_open(&w, &e));
	cr_assert(watch_slot_new(w, &slot, &e));
	watch_begin(slot, "sign", 100);
	sleep(5);
	watch_close(w);
}

struct sum {
	struct pool_task task;
	int in;
	int out;
};

static bool
open_thread(void *self, struct watch_slot *slot, void **context,
	    struct err *why)
{
	_Atomic int *tries = self;

	(void)slot;
	*context = NULL;
	if (atomic_fetch_add(tries, 1) == 0)
		return ERR_SET(why, ERR_RETRY, "test", 0, "not yet");
	return true;
}

static void
add_one(void *context, struct pool_task *t)
{
	struct sum *s = (struct sum *)t;

	(void)context;
	usleep(1000);
	s->out = s->in + 1;
}

Test(pool, does_all_tasks_and_never_more_than_it_has_room_for)
{
	_Atomic int tries = 0;
	const struct pool_spec spec = { .threads = 3,
					.self = &tries,
					.open = open_thread,
					.run = add_one };
	struct watch *w;
	struct pool *p;
	struct sum sums[100] = { 0 };
	size_t given = 0, taken = 0;
	struct pool_spec s = spec;

	cr_assert(watch_open(&w, &e));
	s.watch = w;
	cr_assert(pool_open(&s, &p, &e));
	cr_expect_eq(pool_room(p), 6);
	while (taken < 100) {
		struct sum *done;

		while (given < 100 && pool_room(p) > 0) {
			sums[given].in = (int)given;
			pool_give(p, &sums[given++].task);
		}
		cr_expect_leq(pool_count(p), 6);
		done = (struct sum *)pool_wait(p, 5000);
		cr_assert_not_null(done);
		cr_expect_eq(done->out, done->in + 1);
		taken++;
	}
	cr_expect_eq(pool_busy(p), 0);
	cr_expect_null(pool_take(p));
	for (int i = 0; i < 100 && tries < 4; i++)
		usleep(50000);
	cr_expect_eq(tries, 4, "the one that had to wait tried again");
	pool_close(p);
	watch_close(w);
}

static bool
refuse_thread(void *self, struct watch_slot *slot, void **context,
	      struct err *why)
{
	(void)self;
	(void)slot;
	(void)context;
	return ERR_SET(why, ERR_FATAL, "test", 0, "no such token");
}

Test(pool, thread_that_cannot_open_is_told)
{
	struct pool_spec spec = { .threads = 1,
				  .open = refuse_thread,
				  .run = add_one };
	struct watch *w;
	struct pool *p;

	cr_assert(watch_open(&w, &e));
	spec.watch = w;
	cr_assert(pool_open(&spec, &p, &e));
	for (int i = 0; i < 100 && !pool_broken(p, &e); i++)
		usleep(10000);
	cr_expect(pool_broken(p, &e));
	cr_expect_str_eq(e.text, "no such token");
	pool_close(p);
	watch_close(w);
}

Test(process, sigterm_sets_the_flag_and_sigpipe_is_nothing)
{
	process_start(true);
	cr_expect_not(process_stopping());
	raise(SIGPIPE);
	cr_expect_not(process_stopping());
	raise(SIGTERM);
	cr_expect(process_stopping());
	cr_expect(process_sleep_ms(60000), "does not sleep any more");
}

static const struct event issued = {
	.type = EVENT_CERTIFICATE_ISSUED,
	.certificate_issued = { .meta = { .event_id = "id-1",
					  .tax_code = "0100109106",
					  .occurred_at = 0 } },
};

Test(cloudevents, headers_name_the_event)
{
	struct cloudevents ce;
	struct kafka_message m;
	char trace[CE_TRACEPARENT_MAX];

	cloudevents_fill(&ce, &issued, "/certflow/issuer",
			 "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331"
			 "-01");
	cloudevents_add(&ce, "extra", bytes_of_str("x"));
	m = (struct kafka_message){ .headers = ce.headers,
				    .header_count = ce.count };
	cr_expect(kafka_header_is(&m, "ce_specversion", "1.0"));
	cr_expect(kafka_header_is(&m, "ce_id", "id-1"));
	cr_expect(kafka_header_is(&m, "ce_type",
				  "certflow.v1.CertificateIssued"));
	cr_expect(kafka_header_is(&m, "ce_source", "/certflow/issuer"));
	cr_expect(kafka_header_is(&m, "ce_subject", "0100109106"));
	cr_expect(
		kafka_header_is(&m, "ce_time", "1970-01-01T00:00:00.000000Z"));
	cr_expect(kafka_header_is(&m, "extra", "x"));
	cr_expect_eq(cloudevents_type(&m), EVENT_CERTIFICATE_ISSUED);
	cr_expect_not_null(cloudevents_traceparent(&m, trace));
}

Test(cloudevents, what_does_not_look_like_it_is_not_passed_on)
{
	static const char *const bad[] = {
		"",
		"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0",
		"00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01 x",
		"00_0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331_01",
	};
	char trace[CE_TRACEPARENT_MAX];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct kafka_header h = { CE_TRACEPARENT,
					  bytes_of_str(bad[i]) };
		struct kafka_message m = { .headers = &h, .header_count = 1 };

		cr_expect_null(cloudevents_traceparent(&m, trace), "%s",
			       bad[i]);
		cr_expect_eq(cloudevents_type(&m), EVENT_NONE);
	}
}
