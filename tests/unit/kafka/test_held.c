#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "kafka/held.h"

/* What a producer was given, as its reports tell after a purge. */
struct given {
	size_t count;
	char text[256];
};

static void
report(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
	struct given *g = opaque;
	size_t used = strlen(g->text);
	rd_kafka_headers_t *headers = NULL;
	const void *value = NULL;
	size_t len = 0;

	(void)rk;
	if (rd_kafka_message_headers(m, &headers) == 0)
		(void)rd_kafka_header_get_last(headers, "h", &value, &len);
	g->count++;
	snprintf(g->text + used, sizeof(g->text) - used,
		 "%s/%d %.*s=%.*s %.*s;", rd_kafka_topic_name(m->rkt),
		 (int)m->partition, (int)m->key_len, (const char *)m->key,
		 (int)m->len,
		 m->payload == NULL ? "" : (const char *)m->payload, (int)len,
		 value == NULL ? "" : (const char *)value);
}

/* Of a cluster that is never there. */
static rd_kafka_t *
producer(struct given *g)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char why[256];

	cr_assert_eq(rd_kafka_conf_set(conf, "bootstrap.servers", "127.0.0.1:1",
				       why, sizeof(why)),
		     RD_KAFKA_CONF_OK);
	cr_assert_eq(
		rd_kafka_conf_set(conf, "log_level", "0", why, sizeof(why)),
		RD_KAFKA_CONF_OK);
	rd_kafka_conf_set_opaque(conf, g);
	rd_kafka_conf_set_dr_msg_cb(conf, report);
	return rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
}

static void
end(rd_kafka_t *rk)
{
	(void)rd_kafka_purge(rk, RD_KAFKA_PURGE_F_QUEUE);
	(void)rd_kafka_flush(rk, 1000);
	rd_kafka_destroy(rk);
}

static void
keep(struct held *h, const char *key, const char *value)
{
	char topic[] = "topic", name[] = "h", k[8], v[8];
	struct kafka_header header = { name, { (uint8_t *)v, strlen(value) } };
	struct kafka_record r = { .topic = topic,
				  .partition = 3,
				  .key = { (uint8_t *)k, strlen(key) },
				  .value = { (uint8_t *)v, strlen(value) },
				  .headers = &header,
				  .header_count = 1 };
	struct err e = { 0 };

	snprintf(k, sizeof(k), "%s", key);
	snprintf(v, sizeof(v), "%s", value);
	cr_assert(held_add(h, &r, &e), "%s", e.text);
	memset(topic, '-', 5);
	memset(name, '-', 1);
	memset(k, '-', sizeof(k));
	memset(v, '-', sizeof(v));
}

Test(held, copies_in_order)
{
	struct given g = { 0 };
	rd_kafka_t *rk = producer(&g);
	struct held h = { 0 };
	struct err e = { 0 };

	keep(&h, "a", "one");
	keep(&h, "b", "two");
	cr_expect_eq(h.count, 2);
	cr_assert(held_send(&h, rk, &e), "%s", e.text);
	keep(&h, "c", "three");
	cr_assert(held_send(&h, rk, &e), "%s", e.text);
	cr_assert(held_send(&h, rk, &e), "%s", e.text);
	end(rk);
	cr_expect_str_eq(g.text, "topic/3 a=one one;topic/3 b=two two;"
				 "topic/3 c=three three;");
}

Test(held, what_is_dropped_is_not_sent)
{
	struct given g = { 0 };
	rd_kafka_t *rk = producer(&g);
	struct held h = { 0 };
	struct err e = { 0 };

	keep(&h, "a", "one");
	held_drop(&h);
	cr_expect_eq(h.count, 0);
	cr_assert(held_send(&h, rk, &e), "%s", e.text);
	end(rk);
	cr_expect_eq(g.count, 0);
}

Test(held, absent_stays_absent)
{
	const struct kafka_record tombstone = { .topic = "t",
						.key = bytes_of("k", 1) };
	struct given g = { 0 };
	rd_kafka_t *rk = producer(&g);
	struct held h = { 0 };
	struct err e = { 0 };

	cr_assert(held_add(&h, &tombstone, &e));
	cr_assert(held_send(&h, rk, &e), "%s", e.text);
	end(rk);
	cr_expect_str_eq(g.text, "t/0 k= ;");
}

Test(held, one_that_is_refused_takes_the_rest_along)
{
	static const uint8_t
		large[2 * 1024 * 1024]; /* message.max.bytes: 1 M */
	const struct kafka_record refused = {
		.topic = "t", .value = bytes_of(large, sizeof(large))
	};
	struct given g = { 0 };
	rd_kafka_t *rk = producer(&g);
	struct held h = { 0 };
	struct err e = { 0 };

	cr_assert(held_add(&h, &refused, &e));
	keep(&h, "a", "one");
	cr_expect_not(held_send(&h, rk, &e));
	cr_expect_eq(h.count, 0);
	end(rk);
	cr_expect_eq(g.count, 0);
}
