/*
 * cloudevents.h - CloudEvents 1.0 headers, Kafka binary mode.
 *
 * They let a consumer skip a record without decoding it; nothing is decided
 * by them that the record itself does not say.
 */
#ifndef CERTFLOW_RUNTIME_CLOUDEVENTS_H
#define CERTFLOW_RUNTIME_CLOUDEVENTS_H

#include "base/clock.h"
#include "event/event.h"
#include "kafka/kafka.h"

#define CE_ID "ce_id"
#define CE_TYPE "ce_type" /* "certflow.v1.CertificateIssued" */
#define CE_SOURCE "ce_source"
#define CE_SUBJECT "ce_subject" /* the tax code */
#define CE_TIME "ce_time"
#define CE_SPECVERSION "ce_specversion"
#define CE_CONTENT_TYPE "content-type"
#define CE_TRACEPARENT "traceparent"
#define CE_CONTENT "application/vnd.confluent.avro"
#define CE_TRACEPARENT_MAX 64 /* 55 characters by W3C Trace Context 1.0 */
#define CE_HEADERS_MAX 8
#define CE_EXTRA_MAX 8

/* Storage of one record's headers; lives as long as the record is unsent. */
struct cloudevents {
	char time[CLOCK_TEXT_MAX];
	struct kafka_header headers[CE_HEADERS_MAX + CE_EXTRA_MAX];
	size_t count;
};

/**
 * Headers of an event with meta; borrows the event, source and traceparent.
 * @param source       "/certflow/issuer"
 * @param traceparent  NULL: no such header
 */
void cloudevents_fill(struct cloudevents *ce, const struct event *ev,
		      const char *source, const char *traceparent);

/** One more header, borrowed; beyond CE_EXTRA_MAX it aborts (a bug). */
void cloudevents_add(struct cloudevents *ce, const char *name,
		     struct bytes value);

/** Event type by header, without decoding; EVENT_NONE if the header is
 * absent or names no event. */
enum event_type cloudevents_type(const struct kafka_message *m);

/** The message's traceparent if it looks like one. @return out or NULL */
const char *cloudevents_traceparent(const struct kafka_message *m,
				    char out[CE_TRACEPARENT_MAX]);

#endif
