/*
 * replay DIRECTORY - runs a fuzz target over each file of a corpus, and over
 * each file with one octet changed or cut off at each place; but not over
 * variations of what the fuzzer itself found: their names are SHA-1.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "fuzz.h"

#define INPUT_MAX (1024u * 1024)
#define VARIED_MAX 150u /* larger inputs are only run as they are */

/* A copy of exact size, so that a read beyond the end is seen. */
static bool
run(const uint8_t *data, size_t size)
{
	AUTO(ptr) void *copy = malloc(size > 0 ? size : 1);

	if (copy == NULL)
		return false;
	if (size > 0)
		memcpy(copy, data, size);
	return LLVMFuzzerTestOneInput(copy, size) == 0;
}

static bool
vary(struct buffer *b)
{
	static const uint8_t octets[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };

	for (size_t i = 0; i < b->len; i++) {
		uint8_t was = b->data[i];

		if (!run(b->data, i))
			return false;
		for (size_t k = 0; k < sizeof(octets); k++) {
			b->data[i] = octets[k];
			if (!run(b->data, b->len))
				return false;
		}
		b->data[i] = was;
	}
	return true;
}

static bool
was_found(const char *name)
{
	return strlen(name) == 40 && strspn(name, "0123456789abcdef") == 40;
}

static bool
replay(const char *path, const char *name)
{
	AUTO(buffer) struct buffer b = { 0 };
	struct err e = { 0 };

	if (!file_read(path, INPUT_MAX, &b, &e)) {
		fprintf(stderr, "%s\n", e.text);
		return false;
	}
	return run(b.data, b.len) &&
	       (b.len > VARIED_MAX || was_found(name) || vary(&b));
}

int
main(int argc, char **argv)
{
	struct dirent *entry;
	unsigned count = 0;
	bool ok = true;
	DIR *dir = argc == 2 ? opendir(argv[1]) : NULL;

	if (dir == NULL) {
		fprintf(stderr, "usage: replay DIRECTORY\n");
		return 2;
	}
	while (ok && (entry = readdir(dir)) != NULL) {
		char path[4096];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", argv[1], entry->d_name);
		ok = replay(path, entry->d_name);
		count++;
	}
	closedir(dir);
	printf("%u inputs\n", count);
	return ok && count > 0 ? 0 : 1;
}
