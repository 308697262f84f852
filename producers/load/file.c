/* Events of a file, as JSON that publish takes, too. */
#include <errno.h>
#include <string.h>

#include "event/event_json.h"
#include "load_internal.h"
#include "publish/document.h"

/* What is missing of meta is filled in; id and time come when it is sent. */
static bool
convert(json_t *document, struct event **out, struct err *e)
{
	const char *name = json_string_value(json_object_get(document, "type"));
	enum event_type type = EVENT_NONE;

	if (name == NULL || !event_type_parse(name, &type))
		return ERR_SET(e, ERR_REJECT, "load", 0,
			       "type: there is no such event");
	if (event_writer(type) == INBOX_NONE)
		return ERR_SET(e, ERR_REJECT, "load", 0,
			       "type: %s belongs in no inbox", name);
	return document_fill_meta(document, event_writer(type), NULL, e) &&
	       event_from_json(document, out, e);
}

static bool
read_one(struct load *l, FILE *in, bool *found, struct err *e)
{
	AUTO(json) json_t *document = NULL;
	AUTO(event) struct event *ev = NULL;

	if (!document_read(in, &document, e))
		return false;
	*found = document != NULL;
	if (document == NULL)
		return true;
	return convert(document, &ev, e) && load_spool_event(l, ev, NULL, e);
}

static bool
read_all(struct load *l, FILE *in, struct err *e)
{
	uint32_t max = l->cfg->count > 0 ? l->cfg->count : LOAD_JOURNEYS_MAX;
	bool found = true;

	while (l->count < max) {
		if (!read_one(l, in, &found, e))
			return err_context(e, "%s: event %u", l->cfg->file,
					   l->count + 1);
		if (!found)
			break;
		l->count++;
	}
	if (l->count == 0)
		return ERR_SET(e, ERR_REJECT, "load", 0, "%s: no events",
			       l->cfg->file);
	return spool_rewind(l->spool, e);
}

bool
load_read_file(struct load *l, struct err *e)
{
	AUTO(file) FILE *file = NULL;

	l->count = 0;
	if (!spool_open(&l->spool, e))
		return false;
	if (strcmp(l->cfg->file, "-") == 0)
		return read_all(l, stdin, e);
	file = fopen(l->cfg->file, "re");
	if (file == NULL)
		return ERR_SET(e, ERR_REJECT, "load", errno, "%s: %s",
			       l->cfg->file, strerror(errno));
	return read_all(l, file, e);
}
