/*
 * registry.h - the schema registry (Confluent API), read only.
 *
 * The one door to libcurl.  Programs look schemas up and never register:
 * deployment does.  A schema text, once fetched, is kept in memory and as a
 * file in cache_dir, so that a registry that is away does not stop a running
 * program; while it is away a text may come from the fallback (the compacted
 * topic certflow.schemas, see schema_topic.h).
 *
 * Answers are input: size, time, form and id are checked, and nonsense is
 * never cached.  One thread per registry.
 */
#ifndef CERTFLOW_REGISTRY_REGISTRY_H
#define CERTFLOW_REGISTRY_REGISTRY_H

#include "base/auto.h"
#include "base/bytes.h"
#include "base/err.h"

#define REGISTRY_TEXT_MAX (256u * 1024)    /* octets of one schema text      */
#define REGISTRY_ANSWER_MAX (1024u * 1024) /* octets of one HTTP answer */
#define REGISTRY_SCHEMAS_MAX 4096          /* schemas kept                   */
#define REGISTRY_UNKNOWN_MAX 256           /* unknown ids remembered         */
#define REGISTRY_UNKNOWN_US (30 * INT64_C(1000000)) /* ... for so long */

struct registry;

/**
 * Where else a schema text may be.
 * @param text  appended to; empty on entry
 * ERR_REJECT   not there either; ERR_RETRY: not reachable
 */
typedef bool (*registry_fallback)(void *self, int32_t id, struct buffer *text,
				  struct err *e);

struct registry_config {
	const char *url;        /* "http://host:8081/apis/ccompat/v7"       */
	const char *cache_dir;  /* made if absent; NULL or "": memory only  */
	int timeout_ms;         /* of one question                          */
	registry_fallback find; /* NULL: none                               */
	void *self;             /* given to find                            */
};

/** cfg is borrowed for the call, but self. No I/O but making cache_dir. */
bool registry_open(const struct registry_config *cfg, struct registry **out,
		   struct err *e) MUST_CHECK;

/**
 * Text of the schema with this id (GET /schemas/ids/{id}): from memory, the
 * file, the registry, the fallback, in that order.
 * @param text  borrowed, terminated, until registry_close()
 * ERR_REJECT   there is no such schema (asked for at most once in
 *              REGISTRY_UNKNOWN_US)
 * ERR_RETRY    nobody who may know it answers, or answers nonsense
 */
bool registry_schema(struct registry *r, int32_t id, struct bytes *text,
		     struct err *e) MUST_CHECK;

/**
 * Id of a schema text that deployment has registered under the subject
 * (POST /subjects/{subject}), or remembered in cache_dir from last time.
 * ERR_RETRY  not registered (yet), or the registry is away and the id was
 *            never seen: the text says which
 */
bool registry_id_of(struct registry *r, const char *subject, const char *text,
		    int32_t *id, struct err *e) MUST_CHECK;

/** NULL is fine. */
void registry_close(struct registry *r);
DEFINE_AUTO(registry, struct registry *, registry_close);

#endif
