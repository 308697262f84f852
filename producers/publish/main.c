/*
 * publish - events from JSON to an inbox, and what became of them.
 */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "document.h"
#include "event/event_json.h"
#include "options.h"
#include "publisher.h"
#include "report.h"
#include "runtime/process.h"

#define EXIT_REFUSED 3
#define EXIT_TIMEOUT 4

static int
status_of(enum publish_result result)
{
	switch (result) {
	case PUBLISH_REFUSED:
		return EXIT_REFUSED;
	case PUBLISH_TIMEOUT:
		return EXIT_TIMEOUT;
	case PUBLISH_INVALID:
		return PROCESS_EXIT_USAGE;
	default:
		return 0;
	}
}

static void
on_deferred(void *self, const struct publication *p)
{
	const struct options *o = self;

	if (!o->json)
		report_deferred(p);
}

static bool
report(const struct options *o, const struct publication *p, struct err *e)
{
	if (o->json)
		return report_json(p, e);
	report_outcome(p);
	return true;
}

/* One document. *status is set; a failure is a fault that ends us. */
static bool
publish_one(struct options *o, struct publisher *p, json_t *document,
	    int *status, struct err *e)
{
	AUTO(publication) struct publication done = { 0 };

	if (!publisher_send(p, document, &done, e)) {
		if (e->kind != ERR_REJECT)
			return false;
		report_invalid(o->json, e);
		*status = PROCESS_EXIT_USAGE;
		return true;
	}
	if (!o->json)
		report_sent(&done);
	if (o->publisher.wait && !publisher_follow(p, &done, on_deferred, o, e))
		return false;
	*status = status_of(done.result);
	return report(o, &done, e);
}

static int
publish_all(struct options *o, struct publisher *p, FILE *in, struct err *e)
{
	int first = 0;

	while (!process_stopping()) {
		AUTO(json) json_t *document = NULL;
		int status = 0;

		if (!document_read(in, &document, e)) {
			report_invalid(o->json, e);
			return first != 0 ? first : PROCESS_EXIT_USAGE;
		}
		if (document == NULL)
			break;
		if (!publish_one(o, p, document, &status, e)) {
			fprintf(stderr, "publish: %s\n", e->text);
			return PROCESS_EXIT_FAULT;
		}
		if (first == 0)
			first = status;
	}
	return first;
}

static int
publish_stream(struct options *o, struct publisher *p, struct err *e)
{
	AUTO(file) FILE *file = NULL;

	if (o->file == NULL || strcmp(o->file, "-") == 0)
		return publish_all(o, p, stdin, e);
	file = fopen(o->file, "re");
	if (file == NULL) {
		perror(o->file);
		return PROCESS_EXIT_USAGE;
	}
	return publish_all(o, p, file, e);
}

static int
erase(struct options *o, struct publisher *p, struct err *e)
{
	AUTO(publication) struct publication done = { 0 };

	if (!publisher_erase(p, o->personal_ref, &done, e)) {
		fprintf(stderr, "publish: %s\n", e->text);
		return e->kind == ERR_REJECT ? PROCESS_EXIT_USAGE
					     : PROCESS_EXIT_FAULT;
	}
	if (!o->json)
		report_sent(&done);
	else if (!report_json(&done, e))
		return PROCESS_EXIT_FAULT;
	return 0;
}

static int
run(struct options *o, struct err *e)
{
	AUTO(publisher) struct publisher *p = NULL;

	if (!publisher_open(&o->publisher, &p, e)) {
		fprintf(stderr, "publish: %s\n", e->text);
		return PROCESS_EXIT_FAULT;
	}
	return o->mode == MODE_ERASE ? erase(o, p, e) : publish_stream(o, p, e);
}

static int
print_template(enum event_type type, struct err *e)
{
	AUTO(json) json_t *example = NULL;

	if (!document_example(type, &example, e) ||
	    json_dumpf(example, stdout, JSON_INDENT(2)) != 0)
		return PROCESS_EXIT_FAULT;
	putchar('\n');
	return 0;
}

static int
print_list(struct err *e)
{
	for (unsigned i = INBOX_NONE + 1; i < INBOX__COUNT; i++) {
		printf("%s\n", event_inbox_name((enum event_inbox)i));
		for (unsigned t = EVENT_NONE + 1; t < EVENT__COUNT; t++) {
			AUTO(str) char *meaning = NULL;

			if (event_writer((enum event_type)t) != i)
				continue;
			if (!document_meaning((enum event_type)t, &meaning, e))
				return PROCESS_EXIT_FAULT;
			printf("  %-22s %s\n",
			       event_type_name((enum event_type)t), meaning);
		}
	}
	printf("personal\n  PersonalRecord\n");
	return 0;
}

int
main(int argc, char **argv)
{
	struct options o;
	struct err e = { 0 };

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!options_parse(argc, argv, &o, &e)) {
		fprintf(stderr, "publish: %s (publish --help)\n", e.text);
		return PROCESS_EXIT_USAGE;
	}
	process_start(false);
	log_set_level(LOG_WARN); /* its users look at the answers */
	switch (o.mode) {
	case MODE_HELP:
		options_usage();
		return 0;
	case MODE_TEMPLATE:
		return print_template(o.template, &e);
	case MODE_LIST:
		return print_list(&e);
	default:
		return run(&o, &e);
	}
}
