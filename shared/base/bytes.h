/*
 * bytes.h - borrowed and owned runs of octets, hexadecimal, SHA-256.
 *
 * struct bytes borrows: it never frees and must not outlive its owner.
 * struct buffer owns: it grows up to a cap given at the call and is
 * released with buffer_free() or AUTO(buffer).  Not thread-safe.
 */
#ifndef CERTFLOW_BASE_BYTES_H
#define CERTFLOW_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/auto.h"
#include "base/err.h"

struct bytes {
	const uint8_t *data; /* NULL = absent; "" is non-NULL with len 0 */
	size_t len;
};

struct buffer {
	uint8_t *data;
	size_t len;
	size_t cap;
};

#define BUFFER_MAX (16u * 1024 * 1024) /* no message is ever near this */
#define SHA256_LEN 32

/** Release the memory; the buffer is empty and usable again. NULL is fine. */
void buffer_free(struct buffer *b);
DEFINE_AUTO_VALUE(buffer, struct buffer, buffer_free);

/** Append a copy. ERR_FATAL when memory or BUFFER_MAX is exhausted. */
bool buffer_add(struct buffer *b, const void *data, size_t len, struct err *e)
	MUST_CHECK;

/** Room for `more` octets behind len, for writers that fill in place. */
bool buffer_reserve(struct buffer *b, size_t more, struct err *e) MUST_CHECK;

/** The content, borrowed until the next change of b. */
static inline struct bytes
buffer_view(const struct buffer *b)
{
	return (struct bytes){ b->data, b->len };
}

static inline struct bytes
bytes_of(const void *data, size_t len)
{
	return (struct bytes){ (const uint8_t *)data, len };
}

/** The octets of a terminated string, without the terminator. */
struct bytes bytes_of_str(const char *s);

/** Same length and same octets; absent equals only absent. */
bool bytes_equal(struct bytes a, struct bytes b);

/** SHA-256 (FIPS 180-4) of data into out. */
void sha256(struct bytes data, uint8_t out[SHA256_LEN]);

/** Lower-case hex and terminator; out holds 2 * data.len + 1 characters. */
void hex_encode(struct bytes data, char *out);

/**
 * Decode exactly strlen(hex) / 2 octets (either case) into out.
 * @return false if the length is odd, above 2 * max, or a digit is wrong
 */
bool hex_decode(const char *hex, uint8_t *out, size_t max, size_t *len)
	MUST_CHECK;

/** Read a whole file of at most max octets. ERR_FATAL names the file. */
bool file_read(const char *path, size_t max, struct buffer *out, struct err *e)
	MUST_CHECK;

/** Write atomically: temporary file, fsync, rename, fsync of the folder. mode
 * as in open(2). */
bool file_write(const char *path, struct bytes content, unsigned mode,
		struct err *e) MUST_CHECK;

/** Which file a path names, and as it was when: to see that it was replaced or
 * written. The date alone would not do, as the kernel's is a clock of ticks of
 * some milliseconds. */
struct file_stamp {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec changed;
};

/** All zero if the file cannot be reached; that is a stamp, too. */
struct file_stamp file_stamp(const char *path);

struct stat;
/** Of a file that was asked for already. */
struct file_stamp file_stamp_of(const struct stat *st);

bool file_stamp_equal(const struct file_stamp *a, const struct file_stamp *b);

#endif
