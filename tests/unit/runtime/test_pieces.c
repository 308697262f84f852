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

struct sum {
	struct pool_task task;
	int in;
	int out;
};

static void
add_one(void *self, unsigned thread, struct pool_task *t)
{
	_Atomic unsigned *ran = self;
	struct sum *s = (struct sum *)t;

	usleep(1000);
	atomic_fetch_or(ran, 1u << thread);
	s->out = s->in + 1;
}

Test(pool, does_all_tasks_and_never_more_than_it_has_room_for)
{
	_Atomic unsigned ran = 0; /* a bit for each thread's number */
	const struct pool_spec spec = { .threads = 3,
					.self = &ran,
					.run = add_one };
	struct pool *p;
	struct sum sums[100] = { 0 };
	size_t given = 0, taken = 0;

	cr_assert(pool_open(&spec, &p, &e));
	cr_expect_eq(pool_room(p), 48);
	while (taken < 100) {
		struct sum *done;

		while (given < 100 && pool_room(p) > 0) {
			sums[given].in = (int)given;
			pool_give(p, &sums[given++].task);
		}
		cr_expect_leq(pool_count(p), 48);
		done = (struct sum *)pool_wait(p, 5000);
		cr_assert_not_null(done);
		cr_expect_eq(done->out, done->in + 1);
		taken++;
	}
	cr_expect_null(pool_take(p));
	cr_expect_eq(ran & ~7u, 0, "numbers from 0 to 2");
	pool_close(p);
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
