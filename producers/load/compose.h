/*
 * compose.h - the events of a journey, with contents that are admitted.
 *
 * An event borrows from the struct composed that it was made in, and from
 * what was given to the call.
 */
#ifndef CERTFLOW_LOAD_COMPOSE_H
#define CERTFLOW_LOAD_COMPOSE_H

#include "act.h"
#include "customers.h"
#include "ids.h"

#define COMPOSED_NAME_MAX 96
#define COMPOSED_ACTOR_MAX 32
#define COMPOSED_DOCUMENTS 4

/* What the texts of one event stand in. */
struct composed {
	struct event event;
	char event_id[UUID_TEXT_MAX];
	char tax_code[TAX_CODE_MAX];
	char actor[COMPOSED_ACTOR_MAX];
	char object_id[UUID_TEXT_MAX]; /* request or enrolment */
	char person[UUID_TEXT_MAX];
	char name[COMPOSED_NAME_MAX];
	char contract[COMPOSED_ACTOR_MAX];
	struct ev_legal_representative representative;
	struct ev_dossier_document documents[COMPOSED_DOCUMENTS];
};

/* What an approval must name. */
struct composed_digests {
	struct ev_sha256 submission;
	struct ev_sha256 spki;
};

/** meta: id, tax code, the actor of this journey in the role of this act.
 * The event's own fields are empty. */
void compose_meta(const struct load_ids *ids, const struct customers *customers,
		  enum load_act act, uint32_t journey, int64_t occurred_at,
		  struct composed *out);

/** After compose_meta(): a new customer with an uploaded CSR. */
void compose_submission(const struct load_ids *ids, uint32_t journey,
			struct bytes csr_der, struct composed *out);

/** After compose_meta(): any other act; digests for an approval alone. */
void compose_act(const struct load_ids *ids, enum load_act act,
		 uint32_t journey, const struct composed_digests *digests,
		 struct composed *out);

#endif
