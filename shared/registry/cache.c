#include "registry/cache.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/log.h"
#include "registry/registry.h"

#define FILE_NAME_MAX 1024
#define FILE_MODE 0644u
#define SEAL_LEN (2 * SHA256_LEN)

struct known {
	int32_t id;
	char *text;
	size_t len;
};

struct unknown {
	int32_t id;
	int64_t until_us;
};

struct cache {
	char *dir; /* NULL: memory only */
	size_t count;
	struct known known[REGISTRY_SCHEMAS_MAX];
	size_t next_unknown; /* a ring: the oldest goes first */
	struct unknown unknown[REGISTRY_UNKNOWN_MAX];
};

bool
cache_open(const char *dir, struct cache **out, struct err *e)
{
	AUTO(cache) struct cache *c = calloc(1, sizeof(*c));
	struct stat st;

	if (c == NULL)
		return ERR_NO_MEMORY(e);
	if (dir != NULL && *dir != '\0') {
		if ((mkdir(dir, 0755) != 0 && errno != EEXIST) ||
		    stat(dir, &st) != 0)
			return ERR_SET(e, ERR_FATAL, "registry", errno,
				       "cannot make %s: %s", dir,
				       strerror(errno));
		if (!S_ISDIR(st.st_mode))
			return ERR_SET(e, ERR_FATAL, "registry", ENOTDIR,
				       "registry.cache_dir: %s is no directory",
				       dir);
		c->dir = strdup(dir);
		if (c->dir == NULL)
			return ERR_NO_MEMORY(e);
	}
	*out = TAKE(c);
	return true;
}

static const struct known *
find(const struct cache *c, int32_t id)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->known[i].id == id)
			return &c->known[i];
	return NULL;
}

static bool
text_file(const struct cache *c, int32_t id, char path[FILE_NAME_MAX])
{
	int n = snprintf(path, FILE_NAME_MAX, "%s/%" PRId32 ".avsc", c->dir,
			 id);

	return n > 0 && n < FILE_NAME_MAX;
}

static bool
id_file(const struct cache *c, const char *subject, const char *text,
	char path[FILE_NAME_MAX])
{
	uint8_t digest[SHA256_LEN];
	char hex[2 * SHA256_LEN + 1];
	int n;

	if (c->dir == NULL || strchr(subject, '/') != NULL)
		return false;
	sha256(bytes_of_str(text), digest);
	hex_encode(bytes_of(digest, sizeof(digest)), hex);
	n = snprintf(path, FILE_NAME_MAX, "%s/%s-%s.id", c->dir, subject, hex);
	return n > 0 && n < FILE_NAME_MAX;
}

/*
 * A file is the text, a line feed and the hex digest of the text: half a
 * schema, or one that somebody changed, would make good messages unreadable.
 */
static bool
seal(struct bytes text, struct buffer *out, struct err *e)
{
	uint8_t digest[SHA256_LEN];
	char hex[2 * SHA256_LEN + 1];

	sha256(text, digest);
	hex_encode(bytes_of(digest, sizeof(digest)), hex);
	return buffer_add(out, text.data, text.len, e) &&
	       buffer_add(out, "\n", 1, e) && buffer_add(out, hex, SEAL_LEN, e);
}

static bool
is_sealed(const struct buffer *content, struct bytes *text)
{
	AUTO(buffer) struct buffer want = { 0 };
	struct err e;

	if (content->len <= SEAL_LEN + 1)
		return false;
	*text = bytes_of(content->data, content->len - SEAL_LEN - 1);
	return memchr(text->data, '\0', text->len) == NULL &&
	       seal(*text, &want, &e) &&
	       bytes_equal(buffer_view(&want), buffer_view(content));
}

/* A cache that cannot be written costs speed, not correctness. */
static void
write_file(const char *path, struct bytes content)
{
	struct err e;

	if (!file_write(path, content, FILE_MODE, &e))
		log_err(LOG_WARN, "registry", "cache file not written", &e);
}

static bool
remember(struct cache *c, int32_t id, struct bytes text, struct bytes *kept,
	 struct err *e)
{
	struct known *k = &c->known[c->count];

	if (c->count == REGISTRY_SCHEMAS_MAX)
		return ERR_SET(e, ERR_FATAL, "registry", 0,
			       "more than %d schemas", REGISTRY_SCHEMAS_MAX);
	k->text = strndup((const char *)text.data, text.len);
	if (k->text == NULL)
		return ERR_NO_MEMORY(e);
	k->id = id;
	k->len = text.len;
	c->count++;
	*kept = bytes_of(k->text, k->len);
	return true;
}

bool
cache_get(struct cache *c, int32_t id, struct bytes *text)
{
	const struct known *k = find(c, id);
	AUTO(buffer) struct buffer content = { 0 };
	char path[FILE_NAME_MAX];
	struct bytes body;
	struct stat st;
	struct err e;

	if (k != NULL) {
		*text = bytes_of(k->text, k->len);
		return true;
	}
	if (c->dir == NULL || !text_file(c, id, path) || stat(path, &st) != 0)
		return false;
	if (!file_read(path, REGISTRY_TEXT_MAX + SEAL_LEN + 1, &content, &e)) {
		log_err(LOG_WARN, "registry", "cache file not read", &e);
		return false;
	}
	if (!is_sealed(&content, &body)) {
		log_line(LOG_WARN, "registry",
			 "cache file is damaged, asking for the schema", "file",
			 path, NULL);
		return false;
	}
	return remember(c, id, body, text, &e);
}

bool
cache_put(struct cache *c, int32_t id, struct bytes text, struct bytes *kept,
	  struct err *e)
{
	AUTO(buffer) struct buffer content = { 0 };
	char path[FILE_NAME_MAX];

	if (!remember(c, id, text, kept, e))
		return false;
	if (c->dir == NULL || !text_file(c, id, path))
		return true;
	if (!seal(text, &content, e))
		return false;
	write_file(path, buffer_view(&content));
	return true;
}

bool
cache_is_unknown(const struct cache *c, int32_t id)
{
	int64_t now = clock_monotonic_us();

	for (size_t i = 0; i < REGISTRY_UNKNOWN_MAX; i++)
		if (c->unknown[i].id == id && c->unknown[i].until_us > now)
			return true;
	return false;
}

void
cache_put_unknown(struct cache *c, int32_t id)
{
	c->unknown[c->next_unknown] =
		(struct unknown){ id,
				  clock_monotonic_us() + REGISTRY_UNKNOWN_US };
	c->next_unknown = (c->next_unknown + 1) % REGISTRY_UNKNOWN_MAX;
}

bool
cache_get_id(struct cache *c, const char *subject, const char *text,
	     int32_t *id)
{
	AUTO(buffer) struct buffer content = { 0 };
	char path[FILE_NAME_MAX];
	char *end;
	struct stat st;
	struct err e;
	long n;

	if (!id_file(c, subject, text, path) || stat(path, &st) != 0 ||
	    !file_read(path, 32, &content, &e) ||
	    !buffer_add(&content, "", 1, &e))
		return false;
	n = strtol((const char *)content.data, &end, 10);
	if (n < 1 || n > INT32_MAX || *end != '\n')
		return false;
	*id = (int32_t)n;
	return true;
}

void
cache_put_id(struct cache *c, const char *subject, const char *text, int32_t id)
{
	char path[FILE_NAME_MAX];
	char line[16];

	if (!id_file(c, subject, text, path))
		return;
	snprintf(line, sizeof(line), "%" PRId32 "\n", id);
	write_file(path, bytes_of_str(line));
}

void
cache_close(struct cache *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->count; i++)
		free(c->known[i].text);
	free(c->dir);
	free(c);
}
