/*
 * show.h - JSON answers for people: aligned, one thing a line.
 */
#ifndef CERTFLOW_OPS_SHOW_H
#define CERTFLOW_OPS_SHOW_H

#include <jansson.h>
#include <stddef.h>

/* A line of a record, or a column of a table. */
struct show_field {
	const char *key;   /* member of the JSON object */
	const char *title; /* what people read          */
};

/** "Title  value" per field; absent and null members are left out. */
void show_record(const json_t *object, const struct show_field *fields,
		 size_t count);

/** A heading and one line per object of the array. */
void show_table(const json_t *array, const struct show_field *fields,
		size_t count);

#endif
