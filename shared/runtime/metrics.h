/*
 * metrics.h - numbers about a program, in Prometheus text format.
 *
 * Values are atomic: any thread may change them, the health server's thread
 * prints them.  Metrics are made at start and live until metrics_free().
 * Names and labels never hold personal data or tax codes.
 */
#ifndef CERTFLOW_RUNTIME_METRICS_H
#define CERTFLOW_RUNTIME_METRICS_H

#include "base/auto.h"
#include "base/bytes.h"
#include "base/err.h"

struct metrics;
struct metric;

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE };

bool metrics_new(struct metrics **out, struct err *e) MUST_CHECK;

/**
 * @param name    "certflow_messages_total"; literal
 * @param labels  "topic=\"certflow.events\"" or NULL; copied
 * @param help    one line; literal
 * @return the metric (the same for the same name and labels), borrowed until
 *         metrics_free(); never NULL: beyond 256 metrics a spare one
 */
struct metric *metrics_add(struct metrics *m, enum metric_kind kind,
			   const char *name, const char *labels,
			   const char *help);

void metric_inc(struct metric *m, int64_t by);
void metric_set(struct metric *m, int64_t value);
int64_t metric_get(const struct metric *m);

/** The text that /metrics answers with. */
bool metrics_print(struct metrics *m, struct buffer *out, struct err *e)
	MUST_CHECK;

/** NULL is fine. */
void metrics_free(struct metrics *m);
DEFINE_AUTO(metrics, struct metrics *, metrics_free);

#endif
