/*
 * intake.h - an inbox message, taken apart and judged as a message.
 *
 * What cannot be read is a dead letter with a reason; what can is a struct
 * wf_input for the workflow. Nothing here knows any state.
 */
#ifndef CERTFLOW_REGISTRAR_INTAKE_H
#define CERTFLOW_REGISTRAR_INTAKE_H

#include "avro/avro_codec.h"
#include "kafka/kafka.h"
#include "registry/schemas.h"
#include "workflow/decide.h"

#define INTAKE_KEY_MAX 32
#define INTAKE_TOPIC_MAX 250
#define INTAKE_HEADERS_KEPT 8
#define INTAKE_HEADER_OCTETS_MAX 256

enum intake_kind {
	INTAKE_EVENT,      /* `in` is complete                           */
	INTAKE_UNREADABLE, /* `why` and `detail` say why: a dead letter   */
	INTAKE_MISPLACED,  /* wrong partition: send it on to the right one */
};

struct intake {
	enum intake_kind kind;
	struct wf_input in;      /* INTAKE_EVENT                        */
	struct event *event;     /* owned; NULL if it could not be read  */
	struct bytes after_meta; /* inside in.body                    */
	struct wf_refusal why;
	char detail[ERR_TEXT_MAX];
	char key[INTAKE_KEY_MAX]; /* canonical tax code of the key, or "" */
	char event_id[40];        /* "" if it could not be read           */
	struct ev_source_position source; /* topic: see topic below */
	char topic[INTAKE_TOPIC_MAX];     /* the writer's own inbox */
	struct ev_source_position place;  /* where it was read; topic NULL: it
					   * was deferred               */
	struct ev_bytes_entry headers[INTAKE_HEADERS_KEPT];
};

/**
 * Judge a message. m is borrowed until intake_free().
 * @param partitions  count of every topic
 * @return false: ERR_RETRY, not decided: the same message again later
 */
bool intake_open(struct schemas *schemas, const struct kafka_message *m,
		 int32_t partitions, struct intake *out, struct err *e)
	MUST_CHECK;

/** The same for an event that was deferred; its payload is borrowed. It was
 * readable once: ERR_FATAL if it is not now. */
bool intake_deferred(struct schemas *schemas, const struct wf_deferred *d,
		     struct intake *out, struct err *e) MUST_CHECK;

void intake_free(struct intake *in);
DEFINE_AUTO_VALUE(intake, struct intake, intake_free);

/** A record's key as text.
 * @param out  the tax code, or ""
 * @return is it the canonical tax code of an organisation? */
bool intake_key(struct bytes key, char out[INTAKE_KEY_MAX]);

#endif
