/*
 * kafka_rate - how many records a second the broker takes, by itself.
 *
 *   kafka_rate --bootstrap HOST:PORT --topic NAME [--records N] [--size S]
 *              [--transaction K]
 *
 * N records (200000) of S octets (600) with keys of ten digits, idempotent,
 * acks=all, as fast as they are taken; with --transaction in transactions of
 * K records, one after another. One line of JSON:
 *
 *   {"records":200000,"size":600,"seconds":1.9,"cpu":1.1}
 *
 * cpu: seconds of this process; that of the broker is not in it.
 */
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spent.h"

#define SIZE_MAX_OCTETS 100000
#define WAIT_MS 60000

struct options {
	const char *bootstrap;
	const char *topic;
	unsigned long records;
	unsigned long size;
	unsigned long transaction; /* 0: none */
};

static _Noreturn void
die(const char *what, const char *why)
{
	fprintf(stderr, "kafka_rate: %s: %s\n", what, why);
	exit(1);
}

static void
must(rd_kafka_error_t *error, const char *what)
{
	if (error != NULL)
		die(what, rd_kafka_error_string(error));
}

static void
on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *m, void *self)
{
	unsigned long *delivered = self;

	(void)rk;
	if (m->err != 0)
		die("delivery", rd_kafka_err2str(m->err));
	(*delivered)++;
}

static void
set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
	char why[256];

	if (rd_kafka_conf_set(conf, name, value, why, sizeof(why)) !=
	    RD_KAFKA_CONF_OK)
		die(name, why);
}

static rd_kafka_t *
open_producer(const struct options *o, unsigned long *delivered)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_t *rk;
	char why[256];

	set(conf, "bootstrap.servers", o->bootstrap);
	set(conf, "acks", "all");
	set(conf, "enable.idempotence", "true");
	set(conf, "partitioner", "murmur2_random");
	set(conf, "linger.ms", "2");
	set(conf, "queue.buffering.max.messages", "200000");
	if (o->transaction > 0) {
		set(conf, "transactional.id", "certflow-kafka-rate");
		set(conf, "retry.backoff.ms", "5");
	}
	rd_kafka_conf_set_opaque(conf, delivered);
	rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
	rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
	if (rk == NULL)
		die("producer", why);
	return rk;
}

static void
produce_one(rd_kafka_t *rk, const struct options *o, unsigned long number,
	    char *value)
{
	char key[24];
	int len = snprintf(key, sizeof(key), "%010lu", number);
	const rd_kafka_vu_t what[] = {
		{ .vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = o->topic },
		{ .vtype = RD_KAFKA_VTYPE_MSGFLAGS,
		  .u.i = RD_KAFKA_MSG_F_COPY },
		{ .vtype = RD_KAFKA_VTYPE_KEY, .u.mem = { key, (size_t)len } },
		{ .vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = { value, o->size } },
	};
	rd_kafka_error_t *error;

	while ((error = rd_kafka_produceva(
			rk, what, sizeof(what) / sizeof(what[0]))) != NULL) {
		if (rd_kafka_error_code(error) != RD_KAFKA_RESP_ERR__QUEUE_FULL)
			die("produce", rd_kafka_error_string(error));
		rd_kafka_error_destroy(error);
		rd_kafka_poll(rk, 10);
	}
	rd_kafka_poll(rk, 0);
}

static void
produce_all(rd_kafka_t *rk, const struct options *o, char *value)
{
	const unsigned long batch = o->transaction;

	for (unsigned long i = 0; i < o->records; i++) {
		if (batch > 0 && i % batch == 0)
			must(rd_kafka_begin_transaction(rk), "begin");
		produce_one(rk, o, i, value);
		if (batch > 0 &&
		    (i % batch == batch - 1 || i == o->records - 1))
			must(rd_kafka_commit_transaction(rk, WAIT_MS),
			     "commit");
	}
	if (rd_kafka_flush(rk, WAIT_MS) != 0)
		die("flush", "not in time");
}

static struct options
parse(int argc, char *argv[])
{
	struct options o = { .records = 200000, .size = 600 };

	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--bootstrap") == 0)
			o.bootstrap = argv[i + 1];
		else if (strcmp(argv[i], "--topic") == 0)
			o.topic = argv[i + 1];
		else if (strcmp(argv[i], "--records") == 0)
			o.records = strtoul(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--size") == 0)
			o.size = strtoul(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--transaction") == 0)
			o.transaction = strtoul(argv[i + 1], NULL, 10);
		else
			die("no such option", argv[i]);
	}
	if (o.bootstrap == NULL || o.topic == NULL || o.records == 0 ||
	    o.size == 0 || o.size > SIZE_MAX_OCTETS)
		die("usage", "--bootstrap HOST:PORT --topic NAME [--records N]"
			     " [--size S] [--transaction K]");
	return o;
}

int
main(int argc, char *argv[])
{
	const struct options o = parse(argc, argv);
	unsigned long delivered = 0;
	rd_kafka_t *rk = open_producer(&o, &delivered);
	char *value = malloc(o.size);
	double begin, used;

	if (value == NULL)
		die("value", "no memory");
	/* Not compressible: nothing here is compressed, but a broker might. */
	for (unsigned long i = 0; i < o.size; i++)
		value[i] = (char)(i * 2654435761u >> 7);
	if (o.transaction > 0)
		must(rd_kafka_init_transactions(rk, WAIT_MS), "transactions");
	begin = now();
	used = cpu();
	produce_all(rk, &o, value);
	if (delivered != o.records)
		die("delivery", "records are missing");
	printf("{\"records\":%lu,\"size\":%lu,\"seconds\":%.6f,"
	       "\"cpu\":%.6f}\n",
	       o.records, o.size, now() - begin, cpu() - used);
	rd_kafka_destroy(rk);
	free(value);
	return 0;
}
