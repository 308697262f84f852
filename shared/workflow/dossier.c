#include "workflow/dossier.h"

#include <stdio.h>
#include <string.h>

#include "workflow/rules_json.h"

#define ARENA_MAX (1024u * 1024)

enum condition { NEVER, ALWAYS, BRANCH, MODIFICATION, WITH };

struct rule {
	const char *type;
	enum condition required;
	const char *with; /* WITH: the other type */
};

struct dossier_rules {
	struct arena *a;
	struct rule *rules;
	size_t count;
};

void
dossier_free(struct dossier_rules *d)
{
	if (d == NULL)
		return;
	arena_free(d->a);
	free(d);
}

static const struct rule *
find(const struct dossier_rules *d, const char *type)
{
	for (size_t i = 0; i < d->count; i++)
		if (strcmp(d->rules[i].type, type) == 0)
			return &d->rules[i];
	return NULL;
}

static bool
read_condition(const struct rules_row *from, struct rule *to)
{
	const json_t *value = json_object_get(from->object, "required");
	const char *text;

	if (json_is_boolean(value)) {
		to->required = json_is_true(value) ? ALWAYS : NEVER;
		return true;
	}
	if (!rules_text(from, "required", &text))
		return rules_bad(from, "required",
				 "must be true, false or a "
				 "condition");
	if (strcmp(text, "unit_kind=BRANCH") == 0)
		to->required = BRANCH;
	else if (strcmp(text, "request_type=MODIFICATION") == 0)
		to->required = MODIFICATION;
	else if (strcmp(text, "RevocationRequested") == 0)
		to->required = NEVER;
	else if (strncmp(text, "with ", 5) == 0) {
		to->required = WITH;
		to->with = text + 5;
	} else {
		return rules_bad(from, "required", "unknown condition");
	}
	return true;
}

static bool
read_rows(struct dossier_rules *d, const json_t *rows, struct err *e)
{
	const size_t count = json_array_size(rows);
	struct rules_row from = { "dossier", 0, NULL, d->a, e };

	d->rules = arena_alloc(d->a, count * sizeof(*d->rules));
	if (d->rules == NULL)
		return ERR_NO_MEMORY(e);
	for (size_t i = 0; i < count; i++) {
		const char *source;

		from.index = i;
		from.object = json_array_get(rows, i);
		if (!json_is_object(from.object))
			return rules_bad(&from, "row", "must be an object");
		if (!rules_text(&from, "basis", &source) ||
		    !rules_text(&from, "type", &d->rules[i].type) ||
		    !read_condition(&from, &d->rules[i]))
			return false;
		if (find(d, d->rules[i].type) != NULL)
			return rules_bad(&from, "type", "is there twice");
		d->count++;
	}
	for (size_t i = 0; i < count; i++) {
		from.index = i;
		if (d->rules[i].required == WITH &&
		    find(d, d->rules[i].with) == NULL)
			return rules_bad(&from, "required",
					 "names an unknown type");
	}
	return true;
}

bool
dossier_parse(struct bytes text, struct dossier_rules **out, struct err *e)
{
	AUTO(dossier) struct dossier_rules *d = calloc(1, sizeof(*d));
	AUTO(json) json_t *root = NULL;
	const json_t *rows;

	if (d == NULL)
		return ERR_NO_MEMORY(e);
	if (!arena_new(ARENA_MAX, &d->a, e) ||
	    !rules_load(text, "dossier", "documents", DOSSIER_TYPES_MAX, &root,
			&rows, e) ||
	    !read_rows(d, rows, e))
		return false;
	*out = TAKE(d);
	return true;
}

int
dossier_unknown(const struct dossier_rules *d, const struct ev_submission *sub)
{
	for (size_t i = 0; i < sub->dossier.count; i++)
		if (find(d, sub->dossier.items[i].type) == NULL)
			return (int)i;
	return -1;
}

static bool
holds(const struct ev_submission *sub, const char *type)
{
	for (size_t i = 0; i < sub->dossier.count; i++)
		if (strcmp(sub->dossier.items[i].type, type) == 0)
			return true;
	return false;
}

static bool
is_required(const struct rule *r, const struct ev_submission *sub, bool branch)
{
	switch (r->required) {
	case ALWAYS:
		return true;
	case BRANCH:
		return branch;
	case MODIFICATION:
		return sub->request_type == EV_REQUEST_TYPE_MODIFICATION;
	case WITH:
		return holds(sub, r->with);
	case NEVER:
		break;
	}
	return false;
}

bool
dossier_missing(const struct dossier_rules *d, const struct ev_submission *sub,
		bool branch, char *out, size_t size)
{
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < d->count; i++) {
		const struct rule *r = &d->rules[i];

		if (!is_required(r, sub, branch) || holds(sub, r->type))
			continue;
		if (len < size)
			len += (size_t)snprintf(out + len, size - len, "%s%s",
						len == 0 ? "" : ", ", r->type);
	}
	return len > 0;
}
