/*
 * err.h - one error value for the whole program.
 *
 * Every fallible function returns bool (true = done) and fills a
 * caller-owned struct err on failure.  Nothing here allocates, so an error
 * can always be reported, out of memory included.  Layers add context; only
 * the main loop of a program prints.
 */
#ifndef CERTFLOW_BASE_ERR_H
#define CERTFLOW_BASE_ERR_H

#include <stdbool.h>

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))

#define ERR_TEXT_MAX 512

/* What the caller should do about it: the only thing a worker branches on. */
enum err_kind {
	ERR_NONE = 0,
	ERR_RETRY,  /* the world's fault: back off, same message again      */
	ERR_REJECT, /* the message's fault: refuse or dead-letter, move on  */
	ERR_FATAL,  /* our fault, or unsafe to go on: exit, be restarted    */
};

struct err {
	enum err_kind kind;
	const char *origin; /* "kafka", "pg", "hsm"...: string literal     */
	long code;          /* the library's or our own code; 0 if none    */
	const char *file;   /* where ERR_SET stands                        */
	int line;
	char text[ERR_TEXT_MAX]; /* outermost context first, terminated    */
};

/** Record a failure.  Always returns false, so: return ERR_SET(e, ...); */
bool err_set(struct err *e, enum err_kind kind, const char *origin, long code,
	     const char *file, int line, const char *fmt, ...)
	PRINTF_LIKE(7, 8);

/**
 * Put "what we were doing" in front of the text; the cause is kept even if
 * the context has to be cut.  Always returns false.
 */
bool err_context(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);

/** "retry", "reject", "fatal" or "none"; a literal. */
const char *err_kind_name(enum err_kind kind);

#define ERR_SET(e, kind, origin, code, ...)                                    \
	err_set((e), (kind), (origin), (code), __FILE__, __LINE__, __VA_ARGS__)

/** Out of memory is fatal everywhere: the supervisor restarts us. */
#define ERR_NO_MEMORY(e) ERR_SET((e), ERR_FATAL, "libc", 0, "out of memory")

#ifdef __clang_analyzer__
/* It reads one file at a time: tell it that these always return false. */
#define err_set(...)                                                           \
	__extension__({                                                        \
		(err_set)(__VA_ARGS__);                                        \
		false;                                                         \
	})
#define err_context(...)                                                       \
	__extension__({                                                        \
		(err_context)(__VA_ARGS__);                                    \
		false;                                                         \
	})
#endif

#endif
