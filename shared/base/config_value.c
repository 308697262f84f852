#include "base/config_value.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

static bool
parse_int(const char *text, const char **end, int64_t *out)
{
	char *stop = NULL;

	errno = 0;
	*out = strtoll(text, &stop, 10);
	*end = stop;
	return stop != text && errno == 0;
}

bool
config_parse_duration(const char *text, int64_t *ms)
{
	static const struct {
		const char *unit;
		int64_t ms;
	} units[] = { { "ms", 1 },
		      { "s", 1000 },
		      { "m", 60 * 1000 },
		      { "h", 3600 * 1000 },
		      { "d", INT64_C(86400) * 1000 } };
	const char *unit;
	int64_t n;

	if (!parse_int(text, &unit, &n) || n < 0)
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(unit, units[i].unit) == 0)
			return !__builtin_mul_overflow(n, units[i].ms, ms) &&
			       *ms <= INT64_MAX / 1000; /* microseconds */
	return false;
}

static bool
in_range(const struct config_option *o, int64_t n, struct err *e)
{
	if ((o->min == 0 && o->max == 0) || (n >= o->min && n <= o->max))
		return true;
	return ERR_SET(e, ERR_FATAL, "config", 0,
		       "%" PRId64 " is not within %" PRId64 " to %" PRId64, n,
		       o->min, o->max);
}

static bool
check_list(const char *value, struct err *e)
{
	size_t commas = 0;

	for (; *value != '\0'; value++)
		commas += *value == ',';
	return commas < CONFIG_ITEMS_MAX ||
	       ERR_SET(e, ERR_FATAL, "config", 0, "more than %d items",
		       CONFIG_ITEMS_MAX);
}

bool
config_value_check(const struct config_option *o, const char *value,
		   struct err *e)
{
	const char *end;
	int64_t n;

	switch (o->type) {
	case CONFIG_TEXT:
		return true;
	case CONFIG_LIST:
		return check_list(value, e);
	case CONFIG_BOOL:
		return strcmp(value, "true") == 0 ||
		       strcmp(value, "false") == 0 ||
		       ERR_SET(e, ERR_FATAL, "config", 0,
			       "\"%s\" is neither true nor false", value);
	case CONFIG_INT:
		if (!parse_int(value, &end, &n) || *end != '\0')
			return ERR_SET(e, ERR_FATAL, "config", 0,
				       "\"%s\" is not a number", value);
		return in_range(o, n, e);
	case CONFIG_DURATION:
		if (!config_parse_duration(value, &n))
			return ERR_SET(e, ERR_FATAL, "config", 0,
				       "\"%s\" is not a duration such as 30s",
				       value);
		return in_range(o, n, e);
	}
	return false;
}
