#include "workflow/catalogue.h"

#include <string.h>

#include "workflow/rules_json.h"

#define ARENA_MAX (8u * 1024 * 1024)
#define MONTHS_MAX 36 /* the legal three years */

struct catalogue {
	struct arena *a;
	struct catalogue_row *rows;
	size_t count;
};

void
catalogue_free(struct catalogue *c)
{
	if (c == NULL)
		return;
	arena_free(c->a);
	free(c);
}

static bool
read_row(const struct rules_row *from, struct catalogue_row *to)
{
	const int32_t open_end = INT32_MAX;
	const char *device, *source;

	if (!json_is_object(from->object))
		return rules_bad(from, "row", "must be an object");
	if (!rules_text(from, "source", &source) ||
	    !rules_text(from, "device_type", &device) ||
	    !rules_text(from, "product_package", &to->product_package) ||
	    !rules_int(from, "validity_months", 1, MONTHS_MAX,
		       &to->validity_months) ||
	    !rules_text(from, "subscription_scheme_code",
			&to->subscription_scheme_code) ||
	    !rules_int(from, "months_free", 0, to->validity_months,
		       &to->months_free) ||
	    !rules_date(from, "effective_from", NULL, &to->effective_from) ||
	    !rules_date(from, "effective_to", &open_end, &to->effective_to))
		return false;
	if (!ev_device_type_parse(device, &to->device_type) ||
	    to->device_type == EV_DEVICE_TYPE_UNKNOWN)
		return rules_bad(from, "device_type",
				 "must be HSM or "
				 "USB_TOKEN");
	if (to->effective_to < to->effective_from)
		return rules_bad(from, "effective_to",
				 "is before effective_from");
	return true;
}

/* Borrowed from the row's file; NULL: none, or no text. */
static const char *
profile_of(const json_t *profiles, const char *package)
{
	return json_string_value(json_object_get(profiles, package));
}

static bool
read_profiles(struct catalogue *c, const json_t *profiles, struct err *e)
{
	for (size_t i = 0; i < c->count; i++) {
		const struct rules_row row = { "catalogue", i, profiles, c->a,
					       e };
		struct catalogue_row *to = &c->rows[i];
		const char *name = profile_of(profiles, to->product_package);

		if (name == NULL || *name == '\0')
			return rules_bad(&row, "product_package",
					 "\"profiles\" has none for it");
		to->profile = arena_text(c->a, name, strlen(name));
		if (to->profile == NULL)
			return ERR_NO_MEMORY(e);
	}
	return true;
}

/* A package without rows would be a slip of the pen. */
static bool
check_profiles(const struct catalogue *c, json_t *profiles, struct err *e)
{
	const char *package;
	json_t *ignored;

	json_object_foreach(profiles, package, ignored)
	{
		(void)ignored;
		if (catalogue_profile(c, package) == NULL)
			return ERR_SET(e, ERR_FATAL, "rules", 0,
				       "catalogue: profiles: %.100s: no row "
				       "has this package",
				       package);
	}
	return true;
}

static bool
same_product(const struct catalogue_row *a, const struct catalogue_row *b)
{
	return a->device_type == b->device_type &&
	       a->validity_months == b->validity_months &&
	       strcmp(a->product_package, b->product_package) == 0 &&
	       strcmp(a->subscription_scheme_code,
		      b->subscription_scheme_code) == 0;
}

/* Two rows for one day would make the answer depend on their order. */
static bool
check_overlap(const struct catalogue *c, const struct rules_row *from)
{
	const struct catalogue_row *last = &c->rows[c->count];

	for (size_t i = 0; i < c->count; i++)
		if (same_product(&c->rows[i], last) &&
		    c->rows[i].effective_from <= last->effective_to &&
		    last->effective_from <= c->rows[i].effective_to)
			return rules_bad(from, "effective_from",
					 "overlaps another row of the same "
					 "product");
	return true;
}

static bool
read_rows(struct catalogue *c, const json_t *rows, struct err *e)
{
	const size_t count = json_array_size(rows);

	c->rows = arena_alloc(c->a, count * sizeof(*c->rows));
	if (c->rows == NULL)
		return ERR_NO_MEMORY(e);
	for (; c->count < count; c->count++) {
		const struct rules_row from = { "catalogue", c->count,
						json_array_get(rows, c->count),
						c->a, e };

		if (!read_row(&from, &c->rows[c->count]) ||
		    !check_overlap(c, &from))
			return false;
	}
	return true;
}

bool
catalogue_parse(struct bytes text, struct catalogue **out, struct err *e)
{
	AUTO(catalogue) struct catalogue *c = calloc(1, sizeof(*c));
	AUTO(json) json_t *root = NULL;
	const json_t *rows;
	json_t *profiles;

	if (c == NULL)
		return ERR_NO_MEMORY(e);
	if (!arena_new(ARENA_MAX, &c->a, e) ||
	    !rules_load(text, "catalogue", "rows", CATALOGUE_ROWS_MAX, &root,
			&rows, e) ||
	    !read_rows(c, rows, e))
		return false;
	profiles = json_object_get(root, "profiles");
	if (!read_profiles(c, profiles, e) || !check_profiles(c, profiles, e))
		return false;
	*out = TAKE(c);
	return true;
}

enum catalogue_match
catalogue_find(const struct catalogue *c, const struct ev_submission *sub,
	       int32_t day, const struct catalogue_row **row)
{
	const struct catalogue_row asked = {
		.device_type = sub->device_type,
		.product_package = sub->product_package,
		.validity_months = sub->validity_months,
		.subscription_scheme_code = sub->subscription_scheme_code,
	};
	enum catalogue_match match = CATALOGUE_NO_ROW;

	for (size_t i = 0; i < c->count; i++) {
		if (!same_product(&c->rows[i], &asked))
			continue;
		match = CATALOGUE_NOT_IN_FORCE;
		if (day < c->rows[i].effective_from ||
		    day > c->rows[i].effective_to)
			continue;
		*row = &c->rows[i];
		return CATALOGUE_FOUND;
	}
	return match;
}

const struct catalogue_row *
catalogue_row(const struct catalogue *c, size_t i)
{
	return i < c->count ? &c->rows[i] : NULL;
}

const char *
catalogue_profile(const struct catalogue *c, const char *package)
{
	for (size_t i = 0; i < c->count; i++)
		if (strcmp(c->rows[i].product_package, package) == 0)
			return c->rows[i].profile;
	return NULL;
}
