/*
 * sample.h - events with a value in every field, made from the descriptor
 * tables, so that a new event is tested without a new line here.
 */
#ifndef CERTFLOW_TESTS_SAMPLE_H
#define CERTFLOW_TESTS_SAMPLE_H

#include "avro/avro_codec.h"

/** @param full every optional field set; else all of them null */
struct event *sample_event(enum event_type type, bool full);

/** Writer of the text that this program was built with. */
struct avro_writer *sample_writer(enum event_type type);

/** Encoding of a sample event. */
void sample_body(enum event_type type, bool full, struct buffer *out);

#endif
