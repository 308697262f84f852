/*
 * stop_kafka - a program stops, dies or sleeps at one chosen call.
 *
 *   LD_PRELOAD=.../stop_kafka.so STOP_KAFKA=/some/file program ...
 *
 * The file, read again whenever another one has its name, holds one line:
 *
 *   CALL[/DETAIL] before|after COUNT stop|kill|exit|sleep|break [NUMBER]
 *
 *   produce/certflow.events after 1 stop
 *   commit_transaction before 2 kill
 *   sql/checkpoint before 1 sleep 500
 *
 * COUNT calls after it was read, the action is taken once; before that a line
 * with the process and the rule is appended to FILE.fired.  DETAIL is the
 * topic (produce; poll: of the message that came, calls without one do not
 * count) or the name of the prepared statement (sql; BEGIN and COMMIT too),
 * with _ for a space.
 * break (of produce only) makes the producer useless, as a sequence number that
 * the broker does not expect does.
 * NUMBER is the exit status, or milliseconds: of the sleep, or before the
 * program stops or dies, so that the broker has what was sent.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define NAME_SIZE 64
#define LINE_SIZE 256

struct rule {
	char call[NAME_SIZE];
	char detail[NAME_SIZE]; /* "": any */
	char when[NAME_SIZE];
	char action[NAME_SIZE];
	long count; /* calls still to go; 0: nothing to do */
	long number;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct rule rule;
static struct stat seen;
static _Thread_local rd_kafka_t *producer; /* of the call that we are in */

/* "call/detail" in two; false: no rule. */
static bool
parse(const char *line, struct rule *out)
{
	char name[LINE_SIZE];
	char *slash;

	*out = (struct rule){ 0 };
	if (sscanf(line, "%255s %63s %ld %63s %ld", name, out->when,
		   &out->count, out->action, &out->number) < 4)
		return false;
	slash = strchr(name, '/');
	if (slash != NULL) {
		*slash = '\0';
		snprintf(out->detail, sizeof(out->detail), "%.63s", slash + 1);
	}
	snprintf(out->call, sizeof(out->call), "%.63s", name);
	return true;
}

static void
read_rule(const char *path)
{
	char line[LINE_SIZE] = "";
	struct stat now;
	FILE *f;

	if (stat(path, &now) != 0 ||
	    (now.st_ino == seen.st_ino &&
	     now.st_mtim.tv_sec == seen.st_mtim.tv_sec &&
	     now.st_mtim.tv_nsec == seen.st_mtim.tv_nsec))
		return;
	seen = now;
	f = fopen(path, "re");
	if (f == NULL)
		return;
	if (fgets(line, sizeof(line), f) == NULL || !parse(line, &rule))
		abort(); /* the test would wait for ever */
	(void)fclose(f);
}

static void
say(const char *path, const struct rule *r)
{
	char name[4096];
	char line[LINE_SIZE * 2];
	int fd, n;

	snprintf(name, sizeof(name), "%s.fired", path);
	n = snprintf(line, sizeof(line), "%d %s/%s %s %s\n", (int)getpid(),
		     r->call, r->detail, r->when, r->action);
	fd = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, line, (size_t)n) != n)
		abort();
	(void)close(fd);
}

static void
act(const struct rule *r)
{
	const struct timespec pause = { r->number / 1000,
					r->number % 1000 * 1000000 };

	if (strcmp(r->action, "exit") == 0)
		_exit((int)r->number);
	(void)nanosleep(&pause, NULL);
	if (strcmp(r->action, "stop") == 0)
		(void)raise(SIGSTOP); /* all threads, this one at once */
	else if (strcmp(r->action, "kill") == 0)
		(void)kill(getpid(), SIGKILL);
	else if (strcmp(r->action, "break") == 0)
		(void)rd_kafka_test_fatal_error(
			producer,
			RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER,
			"by stop_kafka");
	else if (strcmp(r->action, "sleep") != 0)
		abort();
}

static bool
is_named(const char *wanted, const char *name)
{
	for (; *wanted != '\0' && *name != '\0'; wanted++, name++)
		if (*wanted != *name && !(*wanted == '_' && *name == ' '))
			return false;
	return *wanted == *name;
}

/* The program is at this place. */
static void
at(const char *call, const char *detail, const char *when)
{
	const char *path = getenv("STOP_KAFKA");
	struct rule now = { 0 };

	if (path == NULL)
		return;
	(void)pthread_mutex_lock(&lock);
	read_rule(path);
	if (rule.count > 0 && strcmp(rule.call, call) == 0 &&
	    strcmp(rule.when, when) == 0 &&
	    (rule.detail[0] == '\0' || is_named(rule.detail, detail)) &&
	    --rule.count == 0)
		now = rule;
	(void)pthread_mutex_unlock(&lock);
	if (now.call[0] == '\0')
		return;
	say(path, &now);
	act(&now);
}

/* The function that we stand in front of. */
static void *
real(const char *name)
{
	void *f = dlsym(RTLD_NEXT, name);

	if (f == NULL)
		abort();
	return f;
}

/* Declares `next`, the real function; see dlsym(3) about the cast. */
#define NEXT(result, name, ...)                                                \
	static result (*next)(__VA_ARGS__);                                    \
	if (next == NULL)                                                      \
	*(void **)(&next) = real(name)

#define HOOK(result, name, call, params, args, ...)                            \
	result name params                                                     \
	{                                                                      \
		result r;                                                      \
		NEXT(result, #name, __VA_ARGS__);                              \
		at(call, "", "before");                                        \
		r = next args;                                                 \
		at(call, "", "after");                                         \
		return r;                                                      \
	}

HOOK(rd_kafka_error_t *, rd_kafka_init_transactions, "init_transactions",
     (rd_kafka_t * rk, int ms), (rk, ms), rd_kafka_t *, int)

HOOK(rd_kafka_error_t *, rd_kafka_begin_transaction, "begin_transaction",
     (rd_kafka_t * rk), (rk), rd_kafka_t *)

HOOK(rd_kafka_error_t *, rd_kafka_send_offsets_to_transaction, "send_offsets",
     (rd_kafka_t * rk, const rd_kafka_topic_partition_list_t *offsets,
      const rd_kafka_consumer_group_metadata_t *group, int ms),
     (rk, offsets, group, ms), rd_kafka_t *,
     const rd_kafka_topic_partition_list_t *,
     const rd_kafka_consumer_group_metadata_t *, int)

HOOK(rd_kafka_error_t *, rd_kafka_commit_transaction, "commit_transaction",
     (rd_kafka_t * rk, int ms), (rk, ms), rd_kafka_t *, int)

HOOK(rd_kafka_error_t *, rd_kafka_abort_transaction, "abort_transaction",
     (rd_kafka_t * rk, int ms), (rk, ms), rd_kafka_t *, int)

HOOK(rd_kafka_resp_err_t, rd_kafka_commit, "commit",
     (rd_kafka_t * rk, const rd_kafka_topic_partition_list_t *offsets,
      int async),
     (rk, offsets, async), rd_kafka_t *,
     const rd_kafka_topic_partition_list_t *, int)

HOOK(rd_kafka_resp_err_t, rd_kafka_committed, "committed",
     (rd_kafka_t * rk, rd_kafka_topic_partition_list_t *partitions, int ms),
     (rk, partitions, ms), rd_kafka_t *, rd_kafka_topic_partition_list_t *, int)

HOOK(rd_kafka_error_t *, rd_kafka_seek_partitions, "seek",
     (rd_kafka_t * rk, rd_kafka_topic_partition_list_t *partitions, int ms),
     (rk, partitions, ms), rd_kafka_t *, rd_kafka_topic_partition_list_t *, int)

rd_kafka_error_t *
rd_kafka_produceva(rd_kafka_t *rk, const rd_kafka_vu_t *vus, size_t cnt)
{
	const char *topic = "";
	rd_kafka_error_t *r;
	NEXT(rd_kafka_error_t *, "rd_kafka_produceva", rd_kafka_t *,
	     const rd_kafka_vu_t *, size_t);

	for (size_t i = 0; i < cnt; i++)
		if (vus[i].vtype == RD_KAFKA_VTYPE_TOPIC)
			topic = vus[i].u.cstr;
	producer = rk;
	at("produce", topic, "before");
	r = next(rk, vus, cnt);
	at("produce", topic, "after");
	return r;
}

rd_kafka_message_t *
rd_kafka_consumer_poll(rd_kafka_t *rk, int timeout_ms)
{
	rd_kafka_message_t *m;
	NEXT(rd_kafka_message_t *, "rd_kafka_consumer_poll", rd_kafka_t *, int);

	m = next(rk, timeout_ms);
	if (m != NULL && m->err == RD_KAFKA_RESP_ERR_NO_ERROR)
		at("poll", rd_kafka_topic_name(m->rkt), "after");
	return m;
}

PGresult *
PQexecPrepared(PGconn *conn, const char *statement, int n,
	       const char *const *values, const int *lengths,
	       const int *formats, int result_format)
{
	PGresult *r;
	NEXT(PGresult *, "PQexecPrepared", PGconn *, const char *, int,
	     const char *const *, const int *, const int *, int);

	at("sql", statement, "before");
	r = next(conn, statement, n, values, lengths, formats, result_format);
	at("sql", statement, "after");
	return r;
}

PGresult *
PQexec(PGconn *conn, const char *query)
{
	PGresult *r;
	NEXT(PGresult *, "PQexec", PGconn *, const char *);

	at("sql", query, "before");
	r = next(conn, query);
	at("sql", query, "after");
	return r;
}
