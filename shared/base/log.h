/*
 * log.h - structured program output: one line an event, key=value.
 *
 *   2026-03-01T10:15:02.123456Z info subject=0199000112 msg="admitted" seq=4
 *
 * The subject comes first so that grep finds a story.  Values are quoted
 * and escaped when they need it; a line is cut at LOG_LINE_MAX.  Never give
 * it a PIN, personal data or a private key.  Lines go to standard error in
 * one write(2): safe from several threads.
 */
#ifndef CERTFLOW_BASE_LOG_H
#define CERTFLOW_BASE_LOG_H

#include "base/err.h"

#define LOG_LINE_MAX 2048

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/** Lines below this level are dropped. Default LOG_INFO. Call once, early. */
void log_set_level(enum log_level level);

/** "debug", "info", "warn" or "error"; false for anything else. */
bool log_level_parse(const char *name, enum log_level *out) MUST_CHECK;

/**
 * One line.  After msg come pairs of const char * (key, value), ended by
 * NULL; a NULL value prints as "-".
 *
 *   log_line(LOG_INFO, tax_code, "admitted", "event", name, NULL);
 */
void log_line(enum log_level level, const char *subject, const char *msg, ...)
	__attribute__((sentinel));

/** An error with its kind, origin, code and place. */
void log_err(enum log_level level, const char *subject, const char *msg,
	     const struct err *e);

/** Decimal text of n in buf, for log_line(). @return buf */
const char *log_int(char buf[24], long long n);

#endif
