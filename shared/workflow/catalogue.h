/*
 * catalogue.h - which products may be asked for, as data.
 *
 * schemas/catalogue/catalogue.json: one row = device type, package, months,
 * scheme, free months and the days on which it is in force (both inclusive,
 * civil days in Asia/Ho_Chi_Minh). Each row tells its source. "profiles" names
 * the certificate profile of each package. Read at start;
 * whatever is wrong is named by row and member and stops the program.
 */
#ifndef CERTFLOW_WORKFLOW_CATALOGUE_H
#define CERTFLOW_WORKFLOW_CATALOGUE_H

#include "event/event.h"

#define CATALOGUE_ROWS_MAX 4096

struct catalogue_row {
	enum ev_device_type device_type;
	const char *product_package;
	const char *profile; /* name of the package's certificate profile */
	int32_t validity_months;
	const char *subscription_scheme_code;
	int32_t months_free;
	int32_t effective_from; /* days since 1970-01-01 */
	int32_t effective_to;   /* INT32_MAX: open */
};

enum catalogue_match {
	CATALOGUE_FOUND,
	CATALOGUE_NO_ROW,
	CATALOGUE_NOT_IN_FORCE, /* there is one, but not for that day */
};

struct catalogue; /* opaque; read-only, may be shared between threads */

/** @param json text of the file. ERR_FATAL names row and member. */
bool catalogue_parse(struct bytes json, struct catalogue **out, struct err *e)
	MUST_CHECK;
void catalogue_free(struct catalogue *c);
DEFINE_AUTO(catalogue, struct catalogue *, catalogue_free);

/** The row for the four values on that day; *row is set when FOUND. */
enum catalogue_match catalogue_find(const struct catalogue *c,
				    const struct ev_submission *sub,
				    int32_t day,
				    const struct catalogue_row **row);

/** Row i of the file, from 0; NULL past the end. */
const struct catalogue_row *catalogue_row(const struct catalogue *c, size_t i);

/** Name of the package's certificate profile; NULL: no such package. */
const char *catalogue_profile(const struct catalogue *c, const char *package);

#endif
