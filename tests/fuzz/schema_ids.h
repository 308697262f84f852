/*
 * schema_ids.h - schemas by id for targets that read wire octets: an id is
 * the event's number, those above are old forms of schemas/history, and
 * nobody can say what SCHEMA_ID_AWAY is.
 */
#ifndef CERTFLOW_TESTS_SCHEMA_IDS_H
#define CERTFLOW_TESTS_SCHEMA_IDS_H

#include "registry/schemas.h"

#define SCHEMA_ID_AWAY 0x7fffffff

/** One for the whole run. */
struct schemas *schema_ids(void);

#endif
