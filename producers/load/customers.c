#include "customers.h"

#include <string.h>

#include "ids.h"

#define DIGITS 9
#define NOBODY UINT32_MAX

struct customers {
	uint32_t first;
	uint32_t next; /* behind the highest */
	uint32_t count;
	uint32_t lowest;
	uint32_t *numbers;  /* of each journey */
	uint32_t *journeys; /* by number - first; or NOBODY */
};

static const char *
format(uint32_t number, char out[TAX_CODE_MAX])
{
	snprintf(out, TAX_CODE_MAX, "%09u", number);
	out[DIGITS] = tax_code_check_digit(out);
	out[DIGITS + 1] = '\0';
	return out;
}

static bool
exists(uint32_t number)
{
	char text[TAX_CODE_MAX];

	return tax_code_is_canonical(format(number, text));
}

static bool
collect(struct customers *c, struct err *e)
{
	uint32_t number = c->first;

	for (uint32_t i = 0; i < c->count; i++, number++) {
		while (number <= LOAD_NUMBER_MAX && !exists(number))
			number++;
		if (number > LOAD_NUMBER_MAX)
			return ERR_SET(e, ERR_REJECT, "load", 0,
				       "there are not %u tax codes from %09u "
				       "on",
				       c->count, c->first);
		c->numbers[i] = number;
	}
	c->lowest = c->numbers[0];
	c->next = number;
	return true;
}

/* Fisher and Yates; which of two seeds it was is all that counts here, so
 * the slight bias of % does not. */
static void
shuffle(struct customers *c, uint64_t seed)
{
	for (uint32_t i = c->count - 1; i > 0; i--) {
		uint32_t other = (uint32_t)(load_random(&seed) % (i + 1));
		uint32_t number = c->numbers[i];

		c->numbers[i] = c->numbers[other];
		c->numbers[other] = number;
	}
}

static bool
index_them(struct customers *c, struct err *e)
{
	size_t span = c->next - c->first;

	c->journeys = malloc(span * sizeof(c->journeys[0]));
	if (c->journeys == NULL)
		return ERR_NO_MEMORY(e);
	for (size_t i = 0; i < span; i++)
		c->journeys[i] = NOBODY;
	for (uint32_t i = 0; i < c->count; i++)
		c->journeys[c->numbers[i] - c->first] = i;
	return true;
}

bool
customers_new(uint32_t first, uint32_t count, uint64_t seed,
	      struct customers **out, struct err *e)
{
	AUTO(customers) struct customers *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return ERR_NO_MEMORY(e);
	c->first = first;
	c->count = count;
	c->numbers = calloc(count, sizeof(c->numbers[0]));
	if (c->numbers == NULL)
		return ERR_NO_MEMORY(e);
	if (!collect(c, e))
		return false;
	shuffle(c, seed);
	if (!index_them(c, e))
		return false;
	*out = TAKE(c);
	return true;
}

const char *
customers_tax_code(const struct customers *c, uint32_t journey,
		   char out[TAX_CODE_MAX])
{
	return format(c->numbers[journey], out);
}

bool
customers_find(const struct customers *c, struct bytes tax_code,
	       uint32_t *journey)
{
	const char *digits = (const char *)tax_code.data;
	uint32_t number = 0;

	if (tax_code.len != DIGITS + 1)
		return false;
	for (unsigned i = 0; i < DIGITS; i++) {
		if (tax_code.data[i] < '0' || tax_code.data[i] > '9')
			return false;
		number = number * 10 + (uint32_t)(tax_code.data[i] - '0');
	}
	if (number < c->first || number >= c->next ||
	    c->journeys[number - c->first] == NOBODY ||
	    digits[DIGITS] != tax_code_check_digit(digits))
		return false;
	*journey = c->journeys[number - c->first];
	return true;
}

const char *
customers_lowest(const struct customers *c, char out[TAX_CODE_MAX])
{
	return format(c->lowest, out);
}

const char *
customers_highest(const struct customers *c, char out[TAX_CODE_MAX])
{
	return format(c->next - 1, out);
}

uint32_t
customers_next(const struct customers *c)
{
	return c->next;
}

void
customers_free(struct customers *c)
{
	if (c == NULL)
		return;
	free(c->numbers);
	free(c->journeys);
	free(c);
}
