/*
 * dead_letter.h - the record made of a message that cannot be read.
 *
 * Key and value are the original octets, never cut.  Headers: ours first
 * (certflow-source, certflow-reason, certflow-detail), then the original
 * ones as far as they fit.
 */
#ifndef CERTFLOW_KAFKA_DEAD_LETTER_H
#define CERTFLOW_KAFKA_DEAD_LETTER_H

#include "kafka/kafka.h"

#define KAFKA_HEADER_SOURCE "certflow-source" /* topic/partition/offset */
#define KAFKA_HEADER_REASON "certflow-reason" /* refusal code           */
#define KAFKA_HEADER_DETAIL "certflow-detail" /* the reason in words    */
#define KAFKA_HEADER_BODY_DIGEST "certflow-body-sha256"
/* Where a message was read that names another place as its source. */
#define KAFKA_HEADER_INPUT "certflow-input"

/* Storage of one dead letter's headers; lives as long as the record. */
struct kafka_dead_letter {
	char source[KAFKA_SOURCE_TEXT_MAX];
	char reason[64];
	char detail[ERR_TEXT_MAX];
	struct kafka_header headers[KAFKA_HEADERS_MAX + 3];
	struct kafka_record record; /* what to send */
};

/**
 * Fill d. Key, value and original headers are borrowed from m.
 * @param code    refusal code, "BODY_INVALID"
 * @param detail  in words, without personal data
 */
void kafka_dead_letter_fill(struct kafka_dead_letter *d,
			    const struct kafka_message *m, const char *code,
			    const char *detail);

#endif
