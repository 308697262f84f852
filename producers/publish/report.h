/*
 * report.h - what publish prints about each document.
 */
#ifndef CERTFLOW_PUBLISH_REPORT_H
#define CERTFLOW_PUBLISH_REPORT_H

#include "publisher.h"

/** Lines for people: where it went, that it waits, what became of it. */
void report_sent(const struct publication *p);
void report_deferred(const struct publication *p);
void report_outcome(const struct publication *p);

/** One line of JSON: everything at once. */
bool report_json(const struct publication *p, struct err *e) MUST_CHECK;

/** A document that was not sent, in either form. */
void report_invalid(bool json, const struct err *why);

#endif
