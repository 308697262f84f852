/* fuzz.h - the function that libFuzzer and replay.c call, and their tools. */
#ifndef CERTFLOW_TESTS_FUZZ_H
#define CERTFLOW_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/** Must return 0; a finding is a crash, a leak or an abort(). */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a header promises and the code did not keep is a finding. */
#define require(promise)                                                       \
	do {                                                                   \
		if (!(promise)) {                                              \
			fprintf(stderr, "%s:%d: broken: %s\n", __FILE__,       \
				__LINE__, #promise);                           \
			abort();                                               \
		}                                                              \
	} while (0)

/* What an input says, taken octet by octet; at its end there are only zeros. */
struct feed {
	const uint8_t *at;
	size_t left;
};

static inline uint8_t
feed_octet(struct feed *in)
{
	if (in->left == 0)
		return 0;
	in->left--;
	return *in->at++;
}

/** One of n things. */
static inline size_t
feed_choice(struct feed *in, size_t n)
{
	return feed_octet(in) % n;
}

/** As many octets as the next one says, or as there are. Borrowed. */
static inline const uint8_t *
feed_some(struct feed *in, size_t *len)
{
	const uint8_t *at;

	*len = feed_octet(in);
	if (*len > in->left)
		*len = in->left;
	at = in->at;
	in->at += *len;
	in->left -= *len;
	return at;
}

/** The same as a terminated text, cut at a NUL. buf holds 256 characters. */
const char *feed_text(struct feed *in, char buf[256]);

/** Path of a file in memory with this content; the next call ends it. */
const char *memory_file(const void *data, size_t size);

#endif
