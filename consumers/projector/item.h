/*
 * item.h - one message, decoded.
 */
#ifndef CERTFLOW_PROJECTOR_ITEM_H
#define CERTFLOW_PROJECTOR_ITEM_H

#include "base/uuid.h"
#include "kafka/kafka.h"
#include "pki/csr.h"
#include "projector/fold.h"
#include "registry/schemas.h"

struct item {
	const struct kafka_message *message;
	struct event *event; /* NULL: dead, or an erasure */
	bool personal;       /* from certflow.personal    */
	bool dead;           /* see reason                */
	char reason[ERR_TEXT_MAX];
	char source[KAFKA_SOURCE_TEXT_MAX]; /* certflow-source, or ""   */
	char personal_ref[UUID_TEXT_MAX];
	uint8_t submission[SHA256_LEN]; /* of RequestSubmitted     */
	uint8_t spki[SHA256_LEN];       /* of its uploaded CSR     */
	bool has_spki;
	struct pki_csr_names names;     /* of its uploaded CSR, in event */
	uint8_t commitment[SHA256_LEN]; /* of a PersonalRecord     */
};

/**
 * Decode m into it; a message that cannot be read is marked dead.
 * ERR_RETRY  its schema cannot be fetched now
 */
bool item_decode(struct schemas *schemas, const struct kafka_message *m,
		 struct item *it, struct err *e) MUST_CHECK;

/** Mark as unreadable, with the reason, and let go of the event. */
void item_bury(struct item *it, const char *reason);

/** Hand to the fold; what the fold refuses is buried. */
bool item_fold(struct item *it, struct fold *f, struct err *e) MUST_CHECK;

void item_free(struct item *it);

#endif
