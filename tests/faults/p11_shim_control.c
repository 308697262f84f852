/*
 * The control file: one fault a line, "<id> <kind> [key=value ...]".  It is
 * replaced as a whole (rename) and read again when it is another file.
 *
 * What makes a fault happen exactly once across threads and processes is a
 * file in claims/ that comes into being by link(2): who made "<id>.<n>" has
 * taken the n-th.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "p11_shim.h"

#define FAULTS_MAX 32
#define TEXT_MAX 16384

/* [lock] */
static struct shim_fault faults[FAULTS_MAX];
static long spent[FAULTS_MAX]; /* so many claims are known to be taken */
static size_t fault_count;
static struct stat seen;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char folder[SHIM_PATH_MAX - 128];

static const struct {
	const char *name;
	enum shim_kind kind;
	const char *call; /* unless call= says another one */
	long count;       /* likewise */
} kinds[] = {
	{ "code", SHIM_CODE, "C_Sign", 1 },
	{ "close", SHIM_CLOSE, "C_Sign", 1 },
	{ "logout", SHIM_LOGOUT, "C_FindObjectsInit", 1 },
	{ "hang", SHIM_HANG, "C_Sign", 1 },
	{ "sleep", SHIM_SLEEP, "C_Sign", 0 },
	{ "wrong", SHIM_WRONG, "C_Sign", 1 },
	{ "other-key", SHIM_OTHER_KEY, "C_FindObjects", 1 },
};

int64_t
shim_monotonic_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

void
shim_complain(const char *text, const char *detail)
{
	char path[SHIM_PATH_MAX], line[512];
	int fd, n;

	n = snprintf(line, sizeof(line), "p11_shim: %s: %s\n", detail, text);
	if (n >= (int)sizeof(line))
		n = sizeof(line) - 1;
	(void)!write(STDERR_FILENO, line, (size_t)n);
	snprintf(path, sizeof(path), "%s/errors.log", folder);
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		return;
	(void)!write(fd, line, (size_t)n);
	close(fd);
}

void
shim_control_open(const char *directory)
{
	char path[SHIM_PATH_MAX];

	snprintf(folder, sizeof(folder), "%s", directory);
	snprintf(path, sizeof(path), "%s/claims", folder);
	if (mkdir(path, 0777) != 0 && errno != EEXIST)
		shim_complain("cannot be made", path);
}

/* ---- reading ------------------------------------------------------------ */

static bool
seconds(const char *text, double unit_us, int64_t *out)
{
	char *end;
	double value = strtod(text, &end);

	*out = (int64_t)(value * unit_us);
	return end != text && *end == '\0' && value >= 0 && value < 1e6;
}

static bool
number(const char *text, long *out)
{
	char *end;

	*out = strtol(text, &end, 10);
	return end != text && *end == '\0' && *out >= 0;
}

static bool
copy(const char *text, char *out, size_t max)
{
	return snprintf(out, max, "%s", text) < (int)max;
}

static bool
option(struct shim_fault *f, const char *key, const char *value)
{
	if (strcmp(key, "call") == 0)
		return copy(value, f->call, sizeof(f->call));
	if (strcmp(key, "program") == 0)
		return copy(value, f->program, sizeof(f->program));
	if (strcmp(key, "token") == 0)
		return copy(value, f->token, sizeof(f->token));
	if (strcmp(key, "except") == 0)
		return copy(value, f->except, sizeof(f->except));
	if (strcmp(key, "rv") == 0)
		return shim_code_parse(value, &f->rv);
	if (strcmp(key, "skip") == 0)
		return number(value, &f->skip);
	if (strcmp(key, "count") == 0)
		return number(value, &f->count);
	if (strcmp(key, "for") == 0)
		return seconds(value, 1e6, &f->for_us);
	if (strcmp(key, "seconds") == 0)
		return seconds(value, 1e6, &f->time_us);
	if (strcmp(key, "ms") == 0)
		return seconds(value, 1e3, &f->time_us);
	if (strcmp(key, "when") == 0) {
		f->after = strcmp(value, "after") == 0;
		return f->after || strcmp(value, "before") == 0;
	}
	return false;
}

static bool
set_kind(struct shim_fault *f, const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(name, kinds[i].name) != 0)
			continue;
		f->kind = kinds[i].kind;
		f->count = kinds[i].count;
		f->rv = CKR_DEVICE_ERROR;
		f->time_us = 30 * 1000000;
		f->after = f->kind == SHIM_WRONG || f->kind == SHIM_OTHER_KEY;
		return copy(kinds[i].call, f->call, sizeof(f->call));
	}
	return false;
}

static bool
parse(char *line, struct shim_fault *f)
{
	char *rest, *word = strtok_r(line, " \t", &rest);

	*f = (struct shim_fault){ 0 };
	if (word == NULL || strchr(word, '/') != NULL ||
	    !copy(word, f->id, sizeof(f->id)))
		return false;
	word = strtok_r(NULL, " \t", &rest);
	if (word == NULL || !set_kind(f, word))
		return false;
	while ((word = strtok_r(NULL, " \t", &rest)) != NULL) {
		char *value = strchr(word, '=');

		if (value == NULL)
			return false;
		*value++ = '\0';
		if (!option(f, word, value))
			return false;
	}
	return true;
}

static void
parse_all(char *text)
{
	char *rest, *line = strtok_r(text, "\n", &rest);

	for (; line != NULL; line = strtok_r(NULL, "\n", &rest)) {
		char whole[256];

		snprintf(whole, sizeof(whole), "%s", line);
		if (line[0] == '#')
			continue;
		if (fault_count == FAULTS_MAX ||
		    !parse(line, &faults[fault_count]))
			shim_complain("not understood", whole);
		else
			spent[fault_count++] = 0;
	}
}

static bool
same(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* With the lock held. */
static void
reread(void)
{
	static char text[TEXT_MAX];
	char path[SHIM_PATH_MAX];
	struct stat st = { 0 };
	ssize_t n = 0;
	int fd;

	snprintf(path, sizeof(path), "%s/control", folder);
	if (stat(path, &st) != 0)
		memset(&st, 0, sizeof(st));
	if (same(&st, &seen))
		return;
	fault_count = 0;
	seen = st;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (fstat(fd, &seen) == 0)
		n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	parse_all(text);
}

/* ---- taking ------------------------------------------------------------- */

/* Make claims/<name> with this text, unless it is there. @return made */
static bool
make_claim(const char *name, const char *text)
{
	char path[SHIM_PATH_MAX], temporary[SHIM_PATH_MAX];
	bool made;
	int fd;

	snprintf(path, sizeof(path), "%s/claims/%s", folder, name);
	if (access(path, F_OK) == 0)
		return false;
	snprintf(temporary, sizeof(temporary), "%s/claims/.%d-%p", folder,
		 (int)getpid(), (void *)&path);
	fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		shim_complain("cannot be written", temporary);
	if (fd >= 0)
		close(fd);
	made = link(temporary, path) == 0;
	(void)unlink(temporary);
	return made;
}

static bool
take_counted(const struct shim_fault *f, const char *text, long *known)
{
	char name[SHIM_ID_MAX + 24];

	while (f->count == 0 || *known < f->skip + f->count) {
		if (f->count == 0 && *known > f->skip)
			return true; /* without end: one claim says it began */
		snprintf(name, sizeof(name), "%s.%ld", f->id, ++*known);
		if (make_claim(name, text))
			return *known > f->skip;
	}
	return false;
}

/* The time begins with the first call that could be hit. */
static bool
take_timed(const struct shim_fault *f, const char *text)
{
	char name[SHIM_ID_MAX + 24], path[SHIM_PATH_MAX], begin[32] = "";
	int64_t at = 0;
	int fd;

	snprintf(name, sizeof(name), "%s.1", f->id);
	if (make_claim(name, text))
		return true;
	snprintf(path, sizeof(path), "%s/claims/%s", folder, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (read(fd, begin, sizeof(begin) - 1) > 0)
		at = strtoll(begin, NULL, 10);
	close(fd);
	return shim_monotonic_us() < at + f->for_us;
}

static bool
is_at(const struct shim_fault *f, bool after, const struct shim_place *p)
{
	return f->after == after &&
	       (f->kind != SHIM_OTHER_KEY || p->other_key) &&
	       (strcmp(f->call, "*") == 0 || strcmp(f->call, p->call) == 0) &&
	       (f->program[0] == '\0' ||
		strcmp(f->program, program_invocation_short_name) == 0) &&
	       (f->token[0] == '\0' || strcmp(f->token, p->token) == 0) &&
	       (f->except[0] == '\0' || strcmp(f->except, p->data) != 0);
}

/* With the lock held. */
static bool
take(size_t i, const struct shim_place *place)
{
	const struct shim_fault *f = &faults[i];
	char text[256];

	snprintf(text, sizeof(text), "%" PRId64 " %d %s %s %s\n",
		 shim_monotonic_us(), (int)getpid(),
		 program_invocation_short_name, place->call,
		 place->token[0] != '\0' ? place->token : "-");
	return f->for_us > 0 ? take_timed(f, text)
			     : take_counted(f, text, &spent[i]);
}

bool
shim_take(bool after, const struct shim_place *place, struct shim_fault *out,
	  int64_t *sleep_us)
{
	bool taken = false;

	*sleep_us = 0;
	pthread_mutex_lock(&lock);
	if (!after)
		reread();
	for (size_t i = 0; i < fault_count && !taken; i++) {
		if (!is_at(&faults[i], after, place) || !take(i, place))
			continue;
		if (faults[i].kind == SHIM_SLEEP) {
			*sleep_us += faults[i].time_us;
			continue;
		}
		*out = faults[i];
		taken = true;
	}
	pthread_mutex_unlock(&lock);
	return taken;
}

bool
shim_wants_other_key(void)
{
	bool wants = false;

	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < fault_count; i++)
		wants |= faults[i].kind == SHIM_OTHER_KEY;
	pthread_mutex_unlock(&lock);
	return wants;
}

bool
shim_is_asked(const char *id)
{
	bool asked = false;

	pthread_mutex_lock(&lock);
	reread();
	for (size_t i = 0; i < fault_count; i++)
		asked |= strcmp(faults[i].id, id) == 0;
	pthread_mutex_unlock(&lock);
	return asked;
}
