/*
 * process.h - signals and limits of a long-running program.
 */
#ifndef CERTFLOW_RUNTIME_PROCESS_H
#define CERTFLOW_RUNTIME_PROCESS_H

#include <stdbool.h>

/* Exit codes of all programs. */
#define PROCESS_EXIT_FAULT 1 /* cannot go on; restart me                 */
#define PROCESS_EXIT_USAGE 2 /* bad option or configuration              */
#define PROCESS_EXIT_HUNG 75 /* a call passed its deadline (EX_TEMPFAIL) */

#define PROCESS_STOP_SECONDS 9 /* from the signal to the end, at most */

/**
 * SIGTERM and SIGINT set the stop flag, a second one kills; SIGPIPE is
 * ignored (a remote token's module raises it). A process that has not ended
 * PROCESS_STOP_SECONDS later, because somebody it waits for does not answer,
 * says so in one line and ends with PROCESS_EXIT_HUNG, as if it were killed:
 * the next start goes on from there. Call once, before threads.
 * @param holds_keys  no core dumps, not attachable (RLIMIT_CORE 0,
 *                    PR_SET_DUMPABLE 0)
 */
void process_start(bool holds_keys);

/** Has somebody asked us to stop? Any thread. */
bool process_stopping(void);

/** Sleep, less if asked to stop. @return process_stopping() */
bool process_sleep_ms(int ms);

#endif
