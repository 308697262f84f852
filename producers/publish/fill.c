#include <openssl/rand.h>

#include "base/clock.h"
#include "document.h"

#define SALT_LEN 32

static bool
set_text(json_t *object, const char *name, const char *text, struct err *e)
{
	if (json_object_set_new(object, name, json_string(text)) != 0)
		return ERR_NO_MEMORY(e);
	return true;
}

static bool
lacks(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	return value == NULL || json_is_null(value);
}

static bool
fill_id(json_t *object, const char *name, struct err *e)
{
	char id[UUID_TEXT_MAX];

	if (!lacks(object, name))
		return true;
	return uuid_v4(id, e) && set_text(object, name, id, e);
}

static bool
fill_actor(json_t *meta, enum event_inbox inbox, const char *id, struct err *e)
{
	enum ev_actor_role role = event_inbox_role(inbox);
	json_t *actor;

	if (lacks(meta, "actor") && id != NULL &&
	    json_object_set_new(meta, "actor", json_object()) != 0)
		return ERR_NO_MEMORY(e);
	actor = json_object_get(meta, "actor");
	if (!json_is_object(actor))
		return true; /* the schema will say so */
	if (lacks(actor, "id") && id != NULL && !set_text(actor, "id", id, e))
		return false;
	if (!lacks(actor, "role"))
		return true;
	return set_text(actor, "role", ev_actor_role_name(role), e);
}

bool
document_fill_meta(json_t *document, enum event_inbox inbox, const char *actor,
		   struct err *e)
{
	json_t *meta = json_object_get(document, "meta");
	char now[CLOCK_TEXT_MAX];

	if (!json_is_object(meta))
		return true; /* the schema will say so */
	if (!fill_id(meta, "event_id", e))
		return false;
	if (lacks(meta, "occurred_at") &&
	    !set_text(meta, "occurred_at", clock_format(clock_now_us(), now),
		      e))
		return false;
	return fill_actor(meta, inbox, actor, e);
}

static bool
fill_salt(json_t *document, struct err *e)
{
	uint8_t salt[SALT_LEN];
	char text[2 * SALT_LEN + 1];

	if (!lacks(document, "salt"))
		return true;
	if (RAND_bytes(salt, sizeof(salt)) != 1)
		return ERR_SET(e, ERR_FATAL, "openssl", 0, "no random numbers");
	hex_encode(bytes_of(salt, sizeof(salt)), text);
	return set_text(document, "salt", text, e);
}

bool
document_fill_personal(json_t *document, char ref[UUID_TEXT_MAX], struct err *e)
{
	uint8_t id[UUID_LEN];
	const char *text;

	if (!json_is_object(document))
		return ERR_SET(e, ERR_REJECT, "json", 0,
			       "document: must be an object");
	if (!fill_id(document, "personal_ref", e) || !fill_salt(document, e))
		return false;
	text = json_string_value(json_object_get(document, "personal_ref"));
	if (text == NULL || !uuid_parse(text, id))
		return ERR_SET(e, ERR_REJECT, "json", 0,
			       "personal_ref: not a lower-case UUID");
	uuid_format(id, ref);
	json_object_del(document, "personal_ref");
	return true;
}
