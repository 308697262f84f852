#include "journeys.h"

#include <string.h>

static const char *const moments[LOAD_MOMENT__COUNT] = { "sent", "acked",
							 "admitted", "logged" };

static const struct load_column order_columns[] = {
	{ "ordered", LOAD_MARK_ORDERED },
	{ "ordered_logged", LOAD_MARK_ORDERED_LOGGED },
	{ "signed", LOAD_MARK_SIGNED },
	{ "issued", LOAD_MARK_ISSUED },
	{ "issued_logged", LOAD_MARK_ISSUED_LOGGED },
};

size_t
load_columns(const struct load_step *step,
	     struct load_column out[LOAD_COLUMNS_MAX])
{
	size_t n = 0;

	for (unsigned a = step->first; a <= (unsigned)step->last; a++) {
		enum load_act act = (enum load_act)a;

		for (unsigned m = 0; m < LOAD_MOMENT__COUNT; m++, n++) {
			snprintf(out[n].name, sizeof(out[n].name), "%s_%s",
				 load_act_name(act), moments[m]);
			out[n].mark = load_mark(act, (enum load_moment)m);
		}
	}
	if (load_step_issues(step)) {
		memcpy(out + n, order_columns, sizeof(order_columns));
		n += sizeof(order_columns) / sizeof(order_columns[0]);
	}
	out[n++] = (struct load_column){ "visible", LOAD_MARK_VISIBLE };
	return n;
}

bool
journeys_new(uint32_t count, struct journeys *out, struct err *e)
{
	out->list = calloc(count, sizeof(out->list[0]));
	if (out->list == NULL)
		return ERR_NO_MEMORY(e);
	out->count = count;
	return true;
}

static int
compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

size_t
journeys_sort(const struct journeys *j, int mark, int64_t *out)
{
	size_t n = 0;

	for (uint32_t i = 0; i < j->count; i++)
		if (j->list[i].due_us != 0 && j->list[i].at[mark] != 0)
			out[n++] = j->list[i].at[mark] - j->list[i].due_us;
	qsort(out, n, sizeof(out[0]), compare);
	return n;
}

void
journeys_free(struct journeys *j)
{
	free(j->list);
	*j = (struct journeys){ 0 };
}
