#include "projector/json.h"

#include <jansson.h>
#include <string.h>

#include "base/clock.h"

DEFINE_AUTO(json, json_t *, json_decref);

static bool
print(struct arena *a, const json_t *json, const char **out, struct err *e)
{
	AUTO(str) char *text = json_dumps(json, JSON_COMPACT);

	if (text == NULL)
		return ERR_NO_MEMORY(e);
	*out = arena_text(a, text, strlen(text));
	return *out != NULL || ERR_NO_MEMORY(e);
}

static json_t *
document(const struct ev_dossier_document *d)
{
	char hex[2 * SHA256_LEN + 1];
	char time[CLOCK_TEXT_MAX];

	hex_encode(bytes_of(d->sha256.b, sizeof(d->sha256.b)), hex);
	return json_pack("{s:s, s:s, s:I, s:s, s:s}", "type", d->type, "sha256",
			 hex, "size", (json_int_t)d->size, "uploaded_at",
			 clock_format(d->uploaded_at, time), "uploaded_by",
			 d->uploaded_by);
}

bool
json_dossier(struct arena *a, const struct ev_submission *s, const char **out,
	     struct err *e)
{
	AUTO(json) json_t *list = json_array();

	for (size_t i = 0; i < s->dossier.count; i++)
		if (json_array_append_new(list,
					  document(&s->dossier.items[i])) != 0)
			return ERR_NO_MEMORY(e);
	return print(a, list, out, e);
}

bool
json_params(struct arena *a, const struct ev_event_refused *r, const char **out,
	    struct err *e)
{
	AUTO(json) json_t *object = json_object();

	for (size_t i = 0; i < r->params.count; i++)
		if (json_object_set_new(
			    object, r->params.items[i].key,
			    json_string(r->params.items[i].value)) != 0)
			return ERR_NO_MEMORY(e);
	return print(a, object, out, e);
}
