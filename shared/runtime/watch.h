/*
 * watch.h - a deadline for calls that may hang.
 *
 * A thread stuck in a PKCS#11 module cannot be cancelled.  Each calling
 * thread has a slot and publishes what it is in; a watching thread of its
 * own looks five times a second, and past a deadline writes one log line and
 * ends the process with _exit(PROCESS_EXIT_HUNG), without any clean-up.
 */
#ifndef CERTFLOW_RUNTIME_WATCH_H
#define CERTFLOW_RUNTIME_WATCH_H

#include "base/auto.h"
#include "base/err.h"

#define WATCH_SLOTS_MAX 64

struct watch;
struct watch_slot;

/** Starts the watching thread. Release with watch_close(). */
bool watch_open(struct watch **out, struct err *e) MUST_CHECK;

/** A slot for the calling thread; borrowed until watch_close(); ERR_FATAL
 * beyond WATCH_SLOTS_MAX. */
bool watch_slot_new(struct watch *w, struct watch_slot **out, struct err *e)
	MUST_CHECK;

/** The call begins. @param what literal, named in the log line. NULL slot is
 * fine (nothing is watched). */
void watch_begin(struct watch_slot *slot, const char *what, int limit_ms);
void watch_end(struct watch_slot *slot);

/** No call may be under way. NULL is fine. */
void watch_close(struct watch *w);
DEFINE_AUTO(watch, struct watch *, watch_close);

#endif
