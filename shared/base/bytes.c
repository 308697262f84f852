#include "base/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/sha.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void
buffer_free(struct buffer *b)
{
	if (b == NULL)
		return;
	free(b->data);
	*b = (struct buffer){ 0 };
}

bool
buffer_reserve(struct buffer *b, size_t more, struct err *e)
{
	size_t cap = b->cap == 0 ? 256 : b->cap;
	uint8_t *grown;

	if (more > BUFFER_MAX - b->len)
		return ERR_SET(e, ERR_FATAL, "base", 0,
			       "buffer would exceed %u octets", BUFFER_MAX);
	if (b->len + more <= b->cap)
		return true;
	while (cap < b->len + more)
		cap *= 2;
	grown = realloc(b->data, cap);
	if (grown == NULL)
		return ERR_NO_MEMORY(e);
	b->data = grown;
	b->cap = cap;
	return true;
}

bool
buffer_add(struct buffer *b, const void *data, size_t len, struct err *e)
{
	if (!buffer_reserve(b, len, e))
		return false;
	if (len > 0)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	return true;
}

struct bytes
bytes_of_str(const char *s)
{
	return (struct bytes){ (const uint8_t *)s, s == NULL ? 0 : strlen(s) };
}

bool
bytes_equal(struct bytes a, struct bytes b)
{
	if (a.data == NULL || b.data == NULL)
		return a.data == NULL && b.data == NULL;
	return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

void
sha256(struct bytes data, uint8_t out[SHA256_LEN])
{
	SHA256(data.data, data.len, out);
}

void
hex_encode(struct bytes data, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < data.len; i++) {
		*out++ = digits[data.data[i] >> 4];
		*out++ = digits[data.data[i] & 0xf];
	}
	*out = '\0';
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool
hex_decode(const char *hex, uint8_t *out, size_t max, size_t *len)
{
	size_t n = strlen(hex);

	if (n % 2 != 0 || n / 2 > max)
		return false;
	for (size_t i = 0; i < n / 2; i++) {
		int high = hex_digit(hex[2 * i]);
		int low = hex_digit(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	*len = n / 2;
	return true;
}

static bool
file_failed(struct err *e, const char *what, const char *path)
{
	return ERR_SET(e, ERR_FATAL, "file", errno, "%s %s: %s", what, path,
		       strerror(errno));
}

bool
file_read(const char *path, size_t max, struct buffer *out, struct err *e)
{
	AUTO(file) FILE *f = fopen(path, "rbe");
	AUTO(buffer) struct buffer content = { 0 };
	uint8_t chunk[4096];
	size_t n;

	if (f == NULL)
		return file_failed(e, "open", path);
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0) {
		if (content.len + n > max)
			return ERR_SET(e, ERR_FATAL, "file", 0,
				       "%s is larger than %zu octets", path,
				       max);
		if (!buffer_add(&content, chunk, n, e))
			return false;
	}
	if (ferror(f))
		return file_failed(e, "read", path);
	/* A terminator behind the content lets text be used as a string. */
	if (!buffer_add(&content, "", 1, e))
		return false;
	content.len--;
	*out = content;
	content = (struct buffer){ 0 };
	return true;
}

static bool
write_all(int fd, struct bytes content)
{
	while (content.len > 0) {
		ssize_t n = write(fd, content.data, content.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		content.data += n;
		content.len -= (size_t)n;
	}
	return fsync(fd) == 0;
}

/* A name is on the disk when its folder is. */
static bool
sync_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	AUTO(str)
	char *folder = slash == NULL
			       ? strdup(".")
			       : strndup(path, (size_t)(slash - path) + 1);
	int fd = folder == NULL
			 ? -1
			 : open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok = fd >= 0 && fsync(fd) == 0;

	if (fd >= 0)
		(void)close(fd);
	return ok;
}

bool
file_write(const char *path, struct bytes content, unsigned mode, struct err *e)
{
	char tmp[4096];
	int fd;
	bool ok;

	if (snprintf(tmp, sizeof(tmp), "%s.XXXXXX", path) >= (int)sizeof(tmp))
		return ERR_SET(e, ERR_FATAL, "file", 0, "path too long");
	fd = mkostemp(tmp, O_CLOEXEC);
	if (fd < 0)
		return file_failed(e, "create", tmp);
	ok = fchmod(fd, (mode_t)mode) == 0 && write_all(fd, content);
	ok = close(fd) == 0 && ok;
	if (!ok || rename(tmp, path) != 0) {
		(void)file_failed(e, "write", path);
		(void)unlink(tmp);
		return false;
	}
	return sync_folder(path) || file_failed(e, "write", path);
}

struct file_stamp
file_stamp_of(const struct stat *st)
{
	return (struct file_stamp){ st->st_dev, st->st_ino, st->st_size,
				    st->st_mtim };
}

struct file_stamp
file_stamp(const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return (struct file_stamp){ 0 };
	return file_stamp_of(&st);
}

bool
file_stamp_equal(const struct file_stamp *a, const struct file_stamp *b)
{
	return a->device == b->device && a->inode == b->inode &&
	       a->size == b->size && a->changed.tv_sec == b->changed.tv_sec &&
	       a->changed.tv_nsec == b->changed.tv_nsec;
}
