/* A full disk, by LD_PRELOAD: calls that would take more room below a
 * directory fail with ENOSPC while a file exists.
 *
 *	FULL_DISK_BELOW   the directory
 *	FULL_DISK_WHILE   the file
 *
 * As on a disk that is really full: opening, reading, overwriting what has
 * room and removing work; what grows a file or makes a new one with content
 * does not.  Not for sanitized programs, which want to be loaded first. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* glibc's next definition of a function, looked up once. */
#define NEXT(name)                                                             \
	static __typeof__(name) *next;                                         \
	if (next == NULL)                                                      \
	*(void **)&next = dlsym(RTLD_NEXT, #name)

static bool
is_full(void)
{
	const char *path = getenv("FULL_DISK_WHILE");
	int saved = errno;
	bool full = path != NULL && access(path, F_OK) == 0;

	errno = saved;
	return full;
}

static bool
is_below(int fd)
{
	const char *folder = getenv("FULL_DISK_BELOW");
	char link[64];
	char path[PATH_MAX];
	int saved = errno;
	size_t length;
	ssize_t n;

	if (folder == NULL)
		return false;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	errno = saved;
	length = strlen(folder);
	return n > (ssize_t)length && memcmp(path, folder, length) == 0 &&
	       path[length] == '/';
}

#define HERE (-1) /* where the file's own position is */

/* Would these octets need room that the disk has not got? */
static bool
lacks_room(int fd, off_t at, off_t n)
{
	struct stat st;
	int saved = errno;
	bool grows;

	if (!is_full() || !is_below(fd))
		return false;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		errno = saved;
		return false;
	}
	if (at == HERE)
		at = (fcntl(fd, F_GETFL) & O_APPEND) != 0
			     ? st.st_size
			     : lseek(fd, 0, SEEK_CUR);
	grows = at + n > st.st_size;
	errno = saved;
	return grows;
}

static off_t
total(const struct iovec *iov, int count)
{
	off_t sum = 0;

	for (int i = 0; i < count; i++)
		sum += (off_t)iov[i].iov_len;
	return sum;
}

#define REFUSE_IF(condition)                                                   \
	do {                                                                   \
		if (condition) {                                               \
			errno = ENOSPC;                                        \
			return -1;                                             \
		}                                                              \
	} while (0)

ssize_t
write(int fd, const void *data, size_t n)
{
	NEXT(write);
	REFUSE_IF(lacks_room(fd, HERE, (off_t)n));
	return next(fd, data, n);
}

ssize_t
writev(int fd, const struct iovec *iov, int count)
{
	NEXT(writev);
	REFUSE_IF(lacks_room(fd, HERE, total(iov, count)));
	return next(fd, iov, count);
}

ssize_t
pwrite(int fd, const void *data, size_t n, off_t at)
{
	NEXT(pwrite);
	REFUSE_IF(lacks_room(fd, at, (off_t)n));
	return next(fd, data, n, at);
}

ssize_t
pwrite64(int fd, const void *data, size_t n, off64_t at)
{
	NEXT(pwrite64);
	REFUSE_IF(lacks_room(fd, at, (off_t)n));
	return next(fd, data, n, at);
}

ssize_t
pwritev(int fd, const struct iovec *iov, int count, off_t at)
{
	NEXT(pwritev);
	REFUSE_IF(lacks_room(fd, at, total(iov, count)));
	return next(fd, iov, count, at);
}

ssize_t
pwritev64(int fd, const struct iovec *iov, int count, off64_t at)
{
	NEXT(pwritev64);
	REFUSE_IF(lacks_room(fd, at, total(iov, count)));
	return next(fd, iov, count, at);
}

int
fallocate(int fd, int mode, off_t at, off_t n)
{
	NEXT(fallocate);
	REFUSE_IF(lacks_room(fd, at, n));
	return next(fd, mode, at, n);
}

/* These two return the error. */
int
posix_fallocate(int fd, off_t at, off_t n)
{
	NEXT(posix_fallocate);
	return lacks_room(fd, at, n) ? ENOSPC : next(fd, at, n);
}

int
posix_fallocate64(int fd, off64_t at, off64_t n)
{
	NEXT(posix_fallocate64);
	return lacks_room(fd, at, n) ? ENOSPC : next(fd, at, n);
}

/* A stream writes past the functions above, within the C library; so it
 * fails where its buffer is emptied. */
size_t
fwrite(const void *data, size_t size, size_t count, FILE *stream)
{
	NEXT(fwrite);
	int fd = fileno(stream);

	if (fd >= 0 && is_full() && is_below(fd)) {
		errno = ENOSPC;
		return 0;
	}
	return next(data, size, count, stream);
}

int
fflush(FILE *stream)
{
	NEXT(fflush);
	int fd = stream == NULL ? -1 : fileno(stream);

	if (fd >= 0 && is_full() && is_below(fd)) {
		errno = ENOSPC;
		return EOF;
	}
	return next(stream);
}

int
fclose(FILE *stream)
{
	NEXT(fclose);
	int fd = fileno(stream);
	bool full = fd >= 0 && is_full() && is_below(fd);
	int result = next(stream);

	if (full && result == 0) {
		errno = ENOSPC;
		return EOF;
	}
	return result;
}
