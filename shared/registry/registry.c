#include "registry/registry.h"

#include <inttypes.h>
#include <string.h>

#include "base/log.h"
#include "registry/answers.h"
#include "registry/cache.h"
#include "registry/http.h"

#define ORIGIN "registry"
#define PATH_MAX_LEN 512
#define ERROR_SCHEMA_UNKNOWN 40403 /* "Schema not found" */

struct registry {
	struct http *http;
	struct cache *cache;
	registry_fallback find;
	void *self;
};

bool
registry_open(const struct registry_config *cfg, struct registry **out,
	      struct err *e)
{
	AUTO(registry) struct registry *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return ERR_NO_MEMORY(e);
	r->find = cfg->find;
	r->self = cfg->self;
	if (!http_open(cfg->url, cfg->timeout_ms, &r->http, e) ||
	    !cache_open(cfg->cache_dir, &r->cache, e))
		return false;
	*out = TAKE(r);
	return true;
}

static bool
bad_status(long status, const char *path, struct err *e)
{
	return ERR_SET(e, ERR_RETRY, ORIGIN, status, "%s: HTTP status %ld",
		       path, status);
}

/* A 404 counts as "there is no such schema" only from something that speaks
 * the registry's language: a proxy's or another server's 404 does not. */
static bool
fetch(struct registry *r, int32_t id, struct buffer *text, struct err *e)
{
	AUTO(buffer) struct buffer answer = { 0 };
	char path[PATH_MAX_LEN];
	long status = 0;

	snprintf(path, sizeof(path), "/schemas/ids/%" PRId32, id);
	if (!http_ask(r->http, path, NULL, REGISTRY_ANSWER_MAX, &status,
		      &answer, e))
		return false;
	if (status == 404 &&
	    answer_error_code(buffer_view(&answer)) == ERROR_SCHEMA_UNKNOWN)
		return ERR_SET(e, ERR_REJECT, ORIGIN, status,
			       "no schema has id %" PRId32, id);
	if (status != 200)
		return bad_status(status, path, e);
	return answer_schema(buffer_view(&answer), text, e) ||
	       err_context(e, "%s", path);
}

/*
 * Ask the registry, then the fallback. The fallback also answers for ids
 * that the registry denies: it may have lost its database.
 * Unknown is only what both deny.
 */
static bool
fetch_anywhere(struct registry *r, int32_t id, struct buffer *text,
	       struct err *e)
{
	struct err other = { 0 };

	if (fetch(r, id, text, e))
		return true;
	text->len = 0;
	if (r->find == NULL)
		return false;
	if (r->find(r->self, id, text, &other))
		return true;
	if (e->kind == ERR_REJECT && other.kind != ERR_REJECT)
		*e = other;
	return false;
}

bool
registry_schema(struct registry *r, int32_t id, struct bytes *text,
		struct err *e)
{
	AUTO(buffer) struct buffer fetched = { 0 };

	if (cache_get(r->cache, id, text))
		return true;
	if (id < 1 || cache_is_unknown(r->cache, id))
		return ERR_SET(e, ERR_REJECT, ORIGIN, 404,
			       "no schema has id %" PRId32, id);
	if (!fetch_anywhere(r, id, &fetched, e)) {
		if (e->kind == ERR_REJECT)
			cache_put_unknown(r->cache, id);
		return false;
	}
	return cache_put(r->cache, id, buffer_view(&fetched), text, e);
}

static bool
ask_id(struct registry *r, const char *subject, const char *text, int32_t *id,
       struct err *e)
{
	AUTO(buffer) struct buffer answer = { 0 };
	AUTO(http_text) char *escaped = http_escape(r->http, subject);
	AUTO(str) char *question = question_schema(text);
	char path[PATH_MAX_LEN];
	long status = 0;

	if (escaped == NULL || question == NULL)
		return ERR_NO_MEMORY(e);
	snprintf(path, sizeof(path), "/subjects/%s", escaped);
	if (!http_ask(r->http, path, question, REGISTRY_ANSWER_MAX, &status,
		      &answer, e))
		return false;
	if (status == 404)
		return ERR_SET(e, ERR_RETRY, ORIGIN, status,
			       "%s is not registered in this form", subject);
	if (status != 200)
		return bad_status(status, path, e);
	return answer_id(buffer_view(&answer), subject, id, e) ||
	       err_context(e, "%s", path);
}

bool
registry_id_of(struct registry *r, const char *subject, const char *text,
	       int32_t *id, struct err *e)
{
	struct err ignored;
	struct bytes kept;

	if (ask_id(r, subject, text, id, e)) {
		cache_put_id(r->cache, subject, text, *id);
		/* what we write we can also read, registry or not */
		if (!cache_get(r->cache, *id, &kept) &&
		    !cache_put(r->cache, *id, bytes_of_str(text), &kept,
			       &ignored))
			log_err(LOG_WARN, ORIGIN, "schema not kept", &ignored);
		return true;
	}
	/* An answer counts, also "not registered"; silence does not. */
	if (e->code == 404 || !cache_get_id(r->cache, subject, text, id))
		return false;
	log_err(LOG_WARN, ORIGIN, "id taken from the cache", e);
	return true;
}

void
registry_close(struct registry *r)
{
	if (r == NULL)
		return;
	http_close(r->http);
	cache_close(r->cache);
	free(r);
}
