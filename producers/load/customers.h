/*
 * customers.h - the tax codes of a run, one for each journey.
 *
 * They follow each other from the first on, all that have a check digit; the
 * journeys take them in an order shuffled by the seed, as customers come.
 */
#ifndef CERTFLOW_LOAD_CUSTOMERS_H
#define CERTFLOW_LOAD_CUSTOMERS_H

#include <stdint.h>

#include "base/auto.h"
#include "base/bytes.h"
#include "base/err.h"
#include "workflow/tax_code.h"

#define LOAD_NUMBER_MIN 10000001u  /* 01 0000001 */
#define LOAD_NUMBER_MAX 999999999u /* the nine digits before the last */

struct customers;

/**
 * @param first  nine digits, the lowest that may be used
 * ERR_REJECT    there are not so many tax codes behind the first
 */
bool customers_new(uint32_t first, uint32_t count, uint64_t seed,
		   struct customers **out, struct err *e) MUST_CHECK;

/** @return out */
const char *customers_tax_code(const struct customers *c, uint32_t journey,
			       char out[TAX_CODE_MAX]);

/** The journey of a tax code; false: it is none of ours. */
bool customers_find(const struct customers *c, struct bytes tax_code,
		    uint32_t *journey) MUST_CHECK;

/** The lowest and the highest tax code, and the nine digits to go on with. */
const char *customers_lowest(const struct customers *c, char out[TAX_CODE_MAX]);
const char *customers_highest(const struct customers *c,
			      char out[TAX_CODE_MAX]);
uint32_t customers_next(const struct customers *c);

/** NULL is fine. */
void customers_free(struct customers *c);
DEFINE_AUTO(customers, struct customers *, customers_free);

#endif
