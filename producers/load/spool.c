#include "spool.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define SPOOL_DIR "/var/tmp" /* on a disk, where /tmp may be memory */
#define PATH_SIZE 4096

struct spool {
	FILE *file;
	uint8_t rest[EVENT_INBOX_MAX];
};

static bool
failed(struct err *e, const char *what)
{
	return ERR_SET(e, ERR_FATAL, "libc", errno, "%s spool: %s", what,
		       strerror(errno));
}

bool
spool_open(struct spool **out, struct err *e)
{
	AUTO(spool) struct spool *s = calloc(1, sizeof(*s));
	const char *folder = getenv("TMPDIR");
	char path[PATH_SIZE];
	int fd;

	if (s == NULL)
		return ERR_NO_MEMORY(e);
	snprintf(path, sizeof(path), "%s/certflow-load-XXXXXX",
		 folder == NULL || *folder == '\0' ? SPOOL_DIR : folder);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return failed(e, "make");
	(void)unlink(path);
	s->file = fdopen(fd, "w+");
	if (s->file == NULL) {
		(void)failed(e, "open");
		(void)close(fd);
		return false;
	}
	*out = TAKE(s);
	return true;
}

bool
spool_put(struct spool *s, const struct spooled *head, struct bytes rest,
	  struct err *e)
{
	if (rest.len > sizeof(s->rest))
		return ERR_SET(e, ERR_REJECT, "load", 0,
			       "an event of %zu octets is too large", rest.len);
	if (fwrite(head, sizeof(*head), 1, s->file) != 1 ||
	    fwrite(rest.data, 1, rest.len, s->file) != rest.len)
		return failed(e, "write");
	return true;
}

bool
spool_rewind(struct spool *s, struct err *e)
{
	if (fflush(s->file) != 0 || fseek(s->file, 0, SEEK_SET) != 0)
		return failed(e, "write");
	return true;
}

bool
spool_next(struct spool *s, struct spooled *head, struct bytes *rest,
	   struct err *e)
{
	if (fread(head, sizeof(*head), 1, s->file) != 1 ||
	    head->len > sizeof(s->rest) ||
	    fread(s->rest, 1, head->len, s->file) != head->len)
		return failed(e, "read");
	*rest = bytes_of(s->rest, head->len);
	return true;
}

void
spool_close(struct spool *s)
{
	if (s == NULL)
		return;
	if (s->file != NULL)
		(void)fclose(s->file);
	free(s);
}
