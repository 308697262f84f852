#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"

const char *
feed_text(struct feed *in, char buf[256])
{
	size_t len;
	const uint8_t *at = feed_some(in, &len);
	size_t n = 0;

	while (n < len && at[n] != '\0') {
		buf[n] = (char)at[n];
		n++;
	}
	buf[n] = '\0';
	return buf;
}

const char *
memory_file(const void *data, size_t size)
{
	static int fd = -1;
	static char path[64];

	if (fd < 0)
		fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, 0) != 0 ||
	    pwrite(fd, data, size, 0) != (ssize_t)size) {
		perror("memory_file");
		abort();
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return path;
}
