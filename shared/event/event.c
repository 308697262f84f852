#include "event/event.h"

#include <string.h>

#include "event/event_desc.h"

/* One line an inbox: its name and the role of its only writer. */
static const struct {
	const char *name;
	enum ev_actor_role role;
} inboxes[INBOX__COUNT] = {
	[INBOX_NONE] = { "none", EV_ACTOR_ROLE_UNKNOWN },
	[INBOX_EINVOICE] = { "einvoice", EV_ACTOR_ROLE_SUBSCRIBER },
	[INBOX_OFFICER] = { "officer", EV_ACTOR_ROLE_OFFICER },
	[INBOX_MANAGER] = { "manager", EV_ACTOR_ROLE_MANAGER },
	[INBOX_KEYGEN] = { "keygen", EV_ACTOR_ROLE_KEYGEN },
	[INBOX_ISSUER] = { "issuer", EV_ACTOR_ROLE_ISSUER },
	[INBOX_ACTIVATOR] = { "activator", EV_ACTOR_ROLE_ACTIVATOR },
};

/* Who may write what; events not named here are the registrar's own. */
static const enum event_inbox writers[EVENT__COUNT] = {
	[EVENT_KEY_PAIR_REQUESTED] = INBOX_EINVOICE,
	[EVENT_ENROLMENT_SAVED] = INBOX_EINVOICE,
	[EVENT_ACTIVATION_REQUESTED] = INBOX_EINVOICE,
	[EVENT_DEACTIVATION_REQUESTED] = INBOX_EINVOICE,
	[EVENT_REQUEST_SUBMITTED] = INBOX_OFFICER,
	[EVENT_REQUEST_WITHDRAWN] = INBOX_OFFICER,
	[EVENT_ISSUANCE_REQUESTED] = INBOX_OFFICER,
	[EVENT_SUSPENSION_REQUESTED] = INBOX_OFFICER,
	[EVENT_RESUMPTION_REQUESTED] = INBOX_OFFICER,
	[EVENT_REVOCATION_REQUESTED] = INBOX_OFFICER,
	[EVENT_REQUEST_APPROVED] = INBOX_MANAGER,
	[EVENT_REQUEST_RETURNED] = INBOX_MANAGER,
	[EVENT_REQUEST_REJECTED] = INBOX_MANAGER,
	[EVENT_REQUEST_REASSIGNED] = INBOX_MANAGER,
	[EVENT_STATUS_CHANGE_CONFIRMED] = INBOX_MANAGER,
	[EVENT_STATUS_CHANGE_DECLINED] = INBOX_MANAGER,
	[EVENT_ORDER_VOID_REQUESTED] = INBOX_MANAGER,
	[EVENT_CSR_GENERATED] = INBOX_KEYGEN,
	[EVENT_KEY_PAIR_FAILED] = INBOX_KEYGEN,
	[EVENT_KEY_PAIR_DESTROYED] = INBOX_KEYGEN,
	[EVENT_CERTIFICATE_ISSUED] = INBOX_ISSUER,
	[EVENT_ISSUANCE_FAILED] = INBOX_ISSUER,
	[EVENT_CERTIFICATE_ACTIVATED] = INBOX_ACTIVATOR,
	[EVENT_ACTIVATION_FAILED] = INBOX_ACTIVATOR,
};

static const struct event_info *
info(enum event_type type)
{
	bool known = (unsigned)type < EVENT__COUNT;

	return &event_infos[known ? type : EVENT_NONE];
}

const char *
event_type_name(enum event_type type)
{
	return info(type)->name;
}

const char *
event_type_full_name(enum event_type type)
{
	return info(type)->full_name;
}

bool
event_type_parse(const char *name, enum event_type *out)
{
	const struct event_info *any = &event_infos[EVENT_NONE + 1];
	size_t space = strlen(any->full_name) - strlen(any->name);

	/* All are in one namespace; for every record of the log. */
	if (strncmp(name, any->full_name, space) == 0)
		name += space;
	for (unsigned i = EVENT_NONE + 1; i < EVENT__COUNT; i++) {
		if (strcmp(event_infos[i].name, name) != 0)
			continue;
		*out = (enum event_type)i;
		return true;
	}
	return false;
}

const char *
event_schema_text(enum event_type type)
{
	return info(type)->text;
}

const struct ev_record *
event_record(enum event_type type)
{
	return info(type)->record;
}

enum event_inbox
event_writer(enum event_type type)
{
	return (unsigned)type < EVENT__COUNT ? writers[type] : INBOX_NONE;
}

const char *
event_inbox_name(enum event_inbox inbox)
{
	bool known = (unsigned)inbox < INBOX__COUNT;

	return inboxes[known ? inbox : INBOX_NONE].name;
}

bool
event_inbox_parse(const char *name, enum event_inbox *out)
{
	for (unsigned i = INBOX_NONE + 1; i < INBOX__COUNT; i++) {
		if (strcmp(inboxes[i].name, name) != 0)
			continue;
		*out = (enum event_inbox)i;
		return true;
	}
	return false;
}

enum ev_actor_role
event_inbox_role(enum event_inbox inbox)
{
	bool known = (unsigned)inbox < INBOX__COUNT;

	return inboxes[known ? inbox : INBOX_NONE].role;
}

bool
event_new(enum event_type type, size_t max_bytes, struct event **out,
	  struct err *e)
{
	AUTO(arena) struct arena *arena = NULL;
	struct event *ev;

	if (!arena_new(max_bytes, &arena, e))
		return false;
	ev = arena_alloc(arena, sizeof(*ev));
	if (ev == NULL)
		return ERR_NO_MEMORY(e);
	ev->type = type;
	ev->arena = TAKE(arena);
	*out = ev;
	return true;
}

void
event_free(struct event *ev)
{
	if (ev != NULL)
		arena_free(ev->arena); /* ev itself lives there */
}

const char *
event_refusal_param(const struct ev_event_refused *ev, const char *name)
{
	for (size_t i = 0; i < ev->params.count; i++)
		if (strcmp(ev->params.items[i].key, name) == 0)
			return ev->params.items[i].value;
	return NULL;
}

const char *
event_refused_activation(const struct ev_event_refused *ev)
{
	const char *activated = event_type_name(EVENT_CERTIFICATE_ACTIVATED);

	if (ev->code != EV_REFUSAL_CODE_CERTIFICATE_NOT_GOOD ||
	    ev->event_name == NULL || strcmp(ev->event_name, activated) != 0)
		return NULL;
	return event_refusal_param(ev, "serial_number");
}

const char *
ev_symbol(const struct ev_enum *en, unsigned value)
{
	return en->symbols[value < en->count ? value : 0];
}

bool
ev_symbol_parse(const struct ev_enum *en, const char *name, unsigned *out)
{
	for (unsigned i = 0; i < en->count; i++) {
		if (strcmp(en->symbols[i], name) != 0)
			continue;
		*out = i;
		return true;
	}
	return false;
}

size_t
ev_item_size(const struct ev_type *list)
{
	if (list->kind == EV_ARRAY)
		return list->item->size;
	return list->item->kind == EV_STRING ? sizeof(struct ev_string_entry)
					     : sizeof(struct ev_bytes_entry);
}
