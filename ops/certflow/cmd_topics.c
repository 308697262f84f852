/* certflow topics: create the topics, check their counts and settings. */
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "commands.h"
#include "kafka/admin.h"

#define ASK_MS 20000
#define AGREE_TRIES 100 /* of 0.2 s */

struct options {
	const char *kafka;
	bool create;
	bool json;
	int partitions; /* 0: as they are, but equal */
	int replication;
};

struct finding {
	char topic[64];
	char setting[96];
	char want[64];
	char have[64];
};

#define FINDINGS_MAX 128

static const char usage_text[] =
	"usage: certflow topics [OPTION...]\n"
	"  --create             make what is missing, put settings right\n"
	"  --partitions N       of each topic but two; default 12; for good\n"
	"  --replication N      of new topics; default: the brokers' own\n"
	"  --kafka HOST:PORT    default $CERTFLOW_KAFKA\n"
	"  --json\n"
	"Further client settings (TLS, SASL): the file named by\n"
	"$CERTFLOW_KAFKA_PROPERTIES_FILE. Topics and brokers are compared "
	"with\n"
	"what they should be; of several brokers each wants\n"
	"default.replication.factor=3, min.insync.replicas=2,\n"
	"offsets.topic.replication.factor=3,\n"
	"transaction.state.log.replication.factor=3,\n"
	"transaction.state.log.min.isr=2 and broker.session.timeout.ms=6000,\n"
	"and each topic 3 replicas, Kafka's own too.\n";

struct findings {
	size_t count;
	struct finding items[FINDINGS_MAX];
};

static bool
number(const char *text, int min, int max, int *out)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (*text == '\0' || *end != '\0' || n < min || n > max)
		return false;
	*out = (int)n;
	return true;
}

static bool
parse(int argc, char **argv, struct options *o)
{
	static const struct option names[] = {
		{ "create", no_argument, NULL, 'c' },
		{ "json", no_argument, NULL, 'j' },
		{ "kafka", required_argument, NULL, 'k' },
		{ "partitions", required_argument, NULL, 'p' },
		{ "replication", required_argument, NULL, 'r' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c;
	bool ok = true;

	o->kafka = getenv("CERTFLOW_KAFKA");
	o->replication = -1;
	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (c == 'c')
			o->create = true;
		else if (c == 'j')
			o->json = true;
		else if (c == 'k')
			o->kafka = optarg;
		else if (c == 'p')
			ok = ok && number(optarg, 1, 10000, &o->partitions);
		else if (c == 'r')
			ok = ok && number(optarg, 1, 32, &o->replication);
		else
			return false;
	}
	return ok && optind == argc && o->kafka != NULL;
}

static void
on_finding(void *self, const struct kafka_finding *f)
{
	struct findings *all = self;
	struct finding *to = &all->items[all->count];

	if (all->count == FINDINGS_MAX)
		return;
	all->count++;
	if (f->topic == NULL)
		snprintf(to->topic, sizeof(to->topic), "broker %d",
			 (int)f->broker);
	else
		snprintf(to->topic, sizeof(to->topic), "%s", f->topic);
	snprintf(to->setting, sizeof(to->setting), "%s", f->setting);
	snprintf(to->want, sizeof(to->want), "%s", f->want);
	snprintf(to->have, sizeof(to->have), "%s", f->have);
}

static bool
print_topics(struct kafka_admin *a, struct err *e)
{
	size_t count;
	const struct kafka_topic *t = kafka_topics(&count);

	for (size_t i = 0; i < count; i++) {
		int32_t n;

		if (!kafka_admin_partitions(a, t[i].name, ASK_MS, &n, e))
			return false;
		printf("%-26s %4d  %s\n", t[i].name, (int)n, t[i].carries);
	}
	return true;
}

static void
print_findings(const struct findings *all)
{
	for (size_t i = 0; i < all->count; i++) {
		const struct finding *f = &all->items[i];

		printf("%s: %s is %s, should be %s\n", f->topic, f->setting,
		       f->have, f->want);
	}
	printf("%s\n",
	       all->count == 0 ? "all as it should be" : "not as it should be");
}

static bool
print_json(struct kafka_admin *a, const struct findings *all, struct err *e)
{
	json_t *topics = json_array();
	json_t *deviations = json_array();
	size_t count;
	const struct kafka_topic *t = kafka_topics(&count);
	json_t *root = json_pack("{s:o,s:o}", "topics", topics, "deviations",
				 deviations);
	bool ok = root != NULL;

	for (size_t i = 0; ok && i < count; i++) {
		int32_t n;

		ok = kafka_admin_partitions(a, t[i].name, ASK_MS, &n, e);
		if (ok)
			json_array_append_new(topics,
					      json_pack("{s:s,s:i,s:s}", "name",
							t[i].name, "partitions",
							(int)n, "carries",
							t[i].carries));
	}
	for (size_t i = 0; ok && i < all->count; i++) {
		const struct finding *f = &all->items[i];

		json_array_append_new(deviations,
				      json_pack("{s:s,s:s,s:s,s:s}", "where",
						f->topic, "setting", f->setting,
						"is", f->have, "should_be",
						f->want));
	}
	if (ok) {
		(void)json_dumpf(root, stdout, JSON_INDENT(2));
		putchar('\n');
	}
	json_decref(root);
	return ok;
}

static bool
create(struct kafka_admin *a, const struct options *o, struct err *e)
{
	size_t created;
	size_t changed;
	int partitions =
		o->partitions > 0 ? o->partitions : KAFKA_PARTITIONS_DEFAULT;

	if (!kafka_admin_create_topics(a, partitions, o->replication, ASK_MS,
				       &created, e) ||
	    !kafka_admin_set_topics(a, ASK_MS, &changed, e))
		return false;
	if (!o->json)
		printf("%zu topics created, settings of %zu changed\n", created,
		       changed);
	return true;
}

/* A new topic or setting takes the brokers a moment to agree on. */
static bool
check(struct kafka_admin *a, const struct options *o, struct findings *all,
      struct err *e)
{
	const struct timespec pause = { .tv_nsec = 200000000 };
	int tries = o->create ? AGREE_TRIES : 1;
	size_t deviations;

	for (;;) {
		all->count = 0;
		if (!kafka_admin_check_topics(a, o->partitions, ASK_MS,
					      on_finding, all, &deviations, e))
			return false;
		if (all->count == 0 || --tries == 0)
			return true;
		nanosleep(&pause, NULL);
	}
}

static bool
run(const struct options *o, struct findings *all, struct err *e)
{
	const struct kafka_settings kafka = {
		.bootstrap = o->kafka,
		.client_id = "certflow-topics",
		.properties_file = getenv("CERTFLOW_KAFKA_PROPERTIES_FILE"),
	};
	AUTO(kafka_admin) struct kafka_admin *a = NULL;

	if (!kafka_admin_open(&kafka, &a, e) ||
	    (o->create && !create(a, o, e)) || !check(a, o, all, e))
		return false;
	if (o->json)
		return print_json(a, all, e);
	if (!print_topics(a, e))
		return false;
	print_findings(all);
	return true;
}

int
cmd_topics(int argc, char **argv)
{
	struct options o = { 0 };
	struct findings all = { 0 };
	struct err e = { 0 };

	if (!parse(argc, argv, &o)) {
		fputs(usage_text, stderr);
		return EXIT_USAGE;
	}
	if (!run(&o, &all, &e)) {
		fprintf(stderr, "certflow topics: %s\n", e.text);
		return EXIT_FAULT;
	}
	return all.count == 0 ? EXIT_FOUND : EXIT_NOT_FOUND;
}
