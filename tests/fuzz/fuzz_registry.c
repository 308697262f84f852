/*
 * Input: one octet that says what the rest is:
 *   0  an answer to "which text has this id?": status, body
 *   1  an answer to "which id has this text?": status, body
 *   2  a record of certflow.schemas
 *   3  a file <id>.avsc of the cache, as it is
 *   4  a file <subject>-<digest>.id of the cache, the registry away
 *   5  the text in a file <id>.avsc with its right digest, then its use as a
 *      writer schema
 * The status is the second octet: 200, 404, 500, or nobody answers. Nonsense
 * may be refused, but never kept and never taken for "there is no such
 * schema".
 */
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "fuzz.h"
#include "no_http.h"
#include "registry/answers.h"
#include "registry/schemas.h"

#define ID 7
#define SUBJECT "certflow.v1.EnrolmentSaved"

static void
answer(const uint8_t *data, size_t size)
{
	static const long statuses[] = { 200, 404, 500, 0 };

	no_http.asked = 0;
	no_http.status = size == 0 ? 0 : statuses[data[0] % 4];
	no_http.body =
		bytes_of(size == 0 ? data : data + 1, size == 0 ? 0 : size - 1);
}

static struct registry *
open_registry(const char *dir)
{
	const struct registry_config cfg = { .url = "http://registry",
					     .cache_dir = dir,
					     .timeout_ms = 100 };
	struct registry *r = NULL;
	struct err e;

	require(registry_open(&cfg, &r, &e));
	return r;
}

static void
text_of_id(const uint8_t *data, size_t size)
{
	AUTO(registry) struct registry *r = open_registry(NULL);
	AUTO(buffer) struct buffer said = { 0 };
	struct bytes text, again;
	struct err e = { 0 };

	answer(data, size);
	if (registry_schema(r, ID, &text, &e)) {
		require(no_http.status == 200 && text.len > 0);
		require(answer_schema(no_http.body, &said, &e));
		require(bytes_equal(text, buffer_view(&said)));
		require(registry_schema(r, ID, &again, &e));
		require(no_http.asked == 1 && again.data == text.data);
		return;
	}
	require(e.text[0] != '\0');
	require(e.kind == ERR_RETRY ||
		(e.kind == ERR_REJECT && no_http.status == 404 &&
		 answer_error_code(no_http.body) == 40403));
	require(!registry_schema(r, ID, &again, &e));
	require((e.kind == ERR_REJECT) == (no_http.asked == 1));
}

static void
id_of_text(const uint8_t *data, size_t size)
{
	AUTO(registry) struct registry *r = open_registry(NULL);
	struct err e = { 0 };
	struct bytes kept;
	int32_t id = 0;

	answer(data, size);
	if (!registry_id_of(r, SUBJECT, "{}", &id, &e)) {
		require(e.kind == ERR_RETRY && e.text[0] != '\0');
		return;
	}
	require(no_http.status == 200 && id > 0);
	no_http.status = 0; /* what we write we can read */
	require(registry_schema(r, id, &kept, &e));
	require(bytes_equal(kept, bytes_of_str("{}")));
}

static void
record(const uint8_t *data, size_t size)
{
	AUTO(buffer) struct buffer text = { 0 };
	struct err e = { 0 };
	int32_t id = 0;

	if (answer_record(bytes_of(data, size), &id, &text, &e))
		require(id > 0 && text.len > 0 &&
			text.len <= REGISTRY_TEXT_MAX);
	else
		require(e.kind == ERR_RETRY && e.text[0] != '\0');
}

/* --- files of the cache -------------------------------------------------- */

static const char *
cache_dir(void)
{
	static char dir[] = "/dev/shm/certflow-fuzz-XXXXXX";
	static bool made;

	if (!made)
		require(mkdtemp(dir) != NULL);
	made = true;
	return dir;
}

/* The directory goes when the program ends. */
__attribute__((destructor)) static void
remove_cache(void)
{
	(void)rmdir(cache_dir());
}

static void
put_file(char path[256], const uint8_t *data, size_t size)
{
	FILE *f = fopen(path, "w");

	require(f != NULL && fwrite(data, 1, size, f) == size);
	require(fclose(f) == 0);
}

/* What a file of the cache says is a text; false: it is asked for again. */
static bool
read_text(struct registry *r, const uint8_t *data, size_t size,
	  struct bytes *text)
{
	struct err e = { 0 };
	char path[256];
	bool read;

	no_http.status = 0;
	snprintf(path, sizeof(path), "%s/%d.avsc", cache_dir(), ID);
	put_file(path, data, size);
	read = registry_schema(r, ID, text, &e);
	require(unlink(path) == 0);
	require(read || e.kind == ERR_RETRY);
	return read;
}

static void
text_file(const uint8_t *data, size_t size)
{
	AUTO(registry) struct registry *r = open_registry(cache_dir());
	struct bytes text;

	if (read_text(r, data, size, &text))
		require(text.len < size &&
			bytes_equal(text, bytes_of(data, text.len)));
}

static void
sealed_text(const uint8_t *data, size_t size)
{
	AUTO(schemas) struct schemas *schemas = NULL;
	AUTO(registry) struct registry *r = open_registry(cache_dir());
	AUTO(buffer) struct buffer file = { 0 };
	const struct avro_writer *w = NULL;
	uint8_t digest[SHA256_LEN];
	char end[2 * SHA256_LEN + 2] = "\n";
	struct bytes text;
	struct err e = { 0 };

	sha256(bytes_of(data, size), digest);
	hex_encode(bytes_of(digest, sizeof(digest)), end + 1);
	require(buffer_add(&file, data, size, &e) &&
		buffer_add(&file, end, strlen(end), &e));
	if (!read_text(r, file.data, file.len, &text))
		return;
	require(bytes_equal(text, bytes_of(data, size)));
	require(schemas_open(r, &schemas, &e));
	if (!schemas_writer(schemas, ID, &w, &e))
		require(e.kind == ERR_REJECT &&
			e.code == EV_REFUSAL_CODE_SCHEMA_UNKNOWN);
}

static void
id_file(const uint8_t *data, size_t size)
{
	AUTO(registry) struct registry *r = open_registry(cache_dir());
	uint8_t digest[SHA256_LEN];
	char hex[2 * SHA256_LEN + 1], path[256];
	struct err e = { 0 };
	int32_t id = 0;
	bool read;

	no_http.status = 0;
	sha256(bytes_of_str("{}"), digest);
	hex_encode(bytes_of(digest, sizeof(digest)), hex);
	snprintf(path, sizeof(path), "%s/%s-%s.id", cache_dir(), SUBJECT, hex);
	put_file(path, data, size);
	read = registry_id_of(r, SUBJECT, "{}", &id, &e);
	require(unlink(path) == 0);
	require(read ? id > 0 : e.kind == ERR_RETRY);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const kinds[])(const uint8_t *data, size_t size) = {
		text_of_id, id_of_text, record, text_file, id_file, sealed_text
	};

	log_set_level(LOG_ERROR); /* damaged files are nothing new here */
	if (size == 0 || data[0] >= sizeof(kinds) / sizeof(kinds[0]))
		return 0;
	kinds[data[0]](data + 1, size - 1);
	return 0;
}
