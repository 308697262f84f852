#include "report.h"

#include "event/event_json.h"

static const char *const results[] = {
	[PUBLISH_SENT] = "SENT",       [PUBLISH_ADMITTED] = "ADMITTED",
	[PUBLISH_REFUSED] = "REFUSED", [PUBLISH_TIMEOUT] = "TIMEOUT",
	[PUBLISH_INVALID] = "INVALID",
};

void
report_sent(const struct publication *p)
{
	printf("%s %s published to %s/%d/%lld\n", event_type_name(p->type),
	       p->id, p->topic, p->partition, (long long)p->offset);
	if (p->commitment[0] != '\0')
		printf("  personal_ref %s\n  commitment   %s\n", p->id,
		       p->commitment);
}

void
report_deferred(const struct publication *p)
{
	printf("  deferred: waits for %s\n",
	       ev_refusal_code_name(p->waits_for));
}

static void
print_refusal(const struct ev_outcome *o)
{
	printf("  refused: %s",
	       o->code == NULL ? "UNKNOWN" : ev_refusal_code_name(*o->code));
	if (o->field != NULL)
		printf(" (%s)", o->field);
	printf("\n");
	if (o->message_en != NULL)
		printf("  %s\n", o->message_en);
	if (o->message_vi != NULL)
		printf("  %s\n", o->message_vi);
}

void
report_outcome(const struct publication *p)
{
	const struct ev_outcome *o =
		p->outcome == NULL ? NULL : &p->outcome->outcome;

	if (p->result == PUBLISH_TIMEOUT)
		printf("  no outcome yet\n");
	else if (p->result == PUBLISH_REFUSED && o != NULL)
		print_refusal(o);
	else if (p->result == PUBLISH_ADMITTED && o != NULL &&
		 o->sequence != NULL)
		printf("  admitted: number %lld of its tax code\n",
		       (long long)*o->sequence);
	else if (p->result == PUBLISH_ADMITTED)
		printf("  admitted\n");
}

/* Members of the outcome that say something new. */
static bool
add_outcome(json_t *line, const struct publication *p, struct err *e)
{
	static const char *const members[] = { "code",       "field",
					       "message_en", "message_vi",
					       "sequence",   "recorded_at" };
	AUTO(json) json_t *outcome = NULL;

	if (p->outcome == NULL)
		return true;
	if (!event_to_json(p->outcome, &outcome, e))
		return false;
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		if (json_object_set(line, members[i],
				    json_object_get(outcome, members[i])) != 0)
			return ERR_NO_MEMORY(e);
	}
	return true;
}

static bool
add_text(json_t *line, const char *name, const char *text, struct err *e)
{
	if (json_object_set_new(line, name, json_string(text)) != 0)
		return ERR_NO_MEMORY(e);
	return true;
}

static bool
add_ids(json_t *line, const struct publication *p, struct err *e)
{
	if (p->type != EVENT_PERSONAL_RECORD)
		return add_text(line, "event_id", p->id, e);
	if (!add_text(line, "personal_ref", p->id, e))
		return false;
	return p->commitment[0] == '\0' ||
	       add_text(line, "commitment", p->commitment, e);
}

bool
report_json(const struct publication *p, struct err *e)
{
	AUTO(json)
	json_t *line =
		json_pack("{s:s, s:s, s:s, s:i, s:I}", "result",
			  results[p->result], "type", event_type_name(p->type),
			  "topic", p->topic, "partition", (int)p->partition,
			  "offset", (json_int_t)p->offset);

	if (line == NULL)
		return ERR_NO_MEMORY(e);
	if (!add_ids(line, p, e))
		return false;
	if (p->waits_for != EV_REFUSAL_CODE_UNKNOWN &&
	    !add_text(line, "deferred", ev_refusal_code_name(p->waits_for), e))
		return false;
	if (!add_outcome(line, p, e))
		return false;
	if (json_dumpf(line, stdout, JSON_COMPACT) != 0 ||
	    putchar('\n') == EOF || fflush(stdout) != 0)
		return ERR_SET(e, ERR_FATAL, "publish", 0,
			       "cannot write to standard output");
	return true;
}

void
report_invalid(bool json, const struct err *why)
{
	AUTO(json) json_t *line = NULL;

	if (!json) {
		fprintf(stderr, "publish: not sent: %s\n", why->text);
		return;
	}
	line = json_pack("{s:s, s:s}", "result", results[PUBLISH_INVALID],
			 "error", why->text);
	json_dumpf(line, stdout, JSON_COMPACT);
	putchar('\n');
	fflush(stdout);
}
