#include "child.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static bool
write_all(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len > 0) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

/*
 * Protocol: one octet, then the output, or struct err as it stands in
 * memory (its texts are literals of the same program image).
 */
static void __attribute__((noreturn))
child(int fd, const char *conf, child_job *job, void *self)
{
	const struct rlimit no_core = { 0, 0 };
	struct buffer out = { 0 };
	struct err e = { 0 };
	bool ok;

	/* The PIN passes through this memory. */
	(void)setrlimit(RLIMIT_CORE, &no_core);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (conf != NULL && setenv("SOFTHSM2_CONF", conf, 1) != 0)
		_exit(1);
	ok = job(self, &out, &e);
	if (!write_all(fd, ok ? "1" : "0", 1) ||
	    !write_all(fd, ok ? (const void *)out.data : &e,
		       ok ? out.len : sizeof(e)))
		_exit(1);
	/* No exit handlers: those of a module may run after its library. */
	_exit(0);
}

static bool
read_all(int fd, struct buffer *out, struct err *e)
{
	uint8_t chunk[4096];
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ERR_SET(e, ERR_FATAL, "child", errno, "read: %s",
				       strerror(errno));
		if (out->len + (size_t)n > CHILD_OUTPUT_MAX)
			return ERR_SET(e, ERR_FATAL, "child", 0,
				       "output too long");
		if (!buffer_add(out, chunk, (size_t)n, e))
			return false;
	}
	return true;
}

static bool
take_answer(struct buffer *answer, int status, struct buffer *out,
	    struct err *e)
{
	if (WIFSIGNALED(status))
		return ERR_SET(e, ERR_FATAL, "child", WTERMSIG(status),
			       "token process died by signal %d",
			       WTERMSIG(status));
	if (answer->len == 1 + sizeof(*e) && answer->data[0] == '0') {
		memcpy(e, answer->data + 1, sizeof(*e));
		return false;
	}
	if (status != 0 || answer->len == 0 || answer->data[0] != '1')
		return ERR_SET(e, ERR_FATAL, "child", status,
			       "token process gave no answer");
	buffer_free(out);
	return buffer_add(out, answer->data + 1, answer->len - 1, e);
}

bool
child_run(const char *softhsm2_conf, child_job *job, void *self,
	  struct buffer *out, struct err *e)
{
	AUTO(buffer) struct buffer answer = { 0 };
	int ends[2], status = 0;
	bool got;
	pid_t pid;

	if (pipe(ends) != 0)
		return ERR_SET(e, ERR_FATAL, "child", errno, "pipe: %s",
			       strerror(errno));
	(void)fflush(NULL);
	pid = fork();
	if (pid == 0) {
		(void)close(ends[0]);
		child(ends[1], softhsm2_conf, job, self);
	}
	(void)close(ends[1]);
	if (pid < 0) {
		(void)close(ends[0]);
		return ERR_SET(e, ERR_FATAL, "child", errno, "fork: %s",
			       strerror(errno));
	}
	got = read_all(ends[0], &answer, e);
	(void)close(ends[0]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return got && take_answer(&answer, status, out, e);
}
