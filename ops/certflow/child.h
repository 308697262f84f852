/*
 * child.h - run one job with tokens in a process of its own.
 *
 * A PKCS#11 module reads SOFTHSM2_CONF once, does not survive a fork, and
 * must not be used raw and through libp11 in one process.  So the command
 * line itself never loads a module: each job does, in a short-lived child.
 */
#ifndef CERTFLOW_OPS_CHILD_H
#define CERTFLOW_OPS_CHILD_H

#include "base/bytes.h"

#define CHILD_OUTPUT_MAX (8u * 1024 * 1024)

/** What runs in the child; out is what the parent gets. */
typedef bool child_job(void *self, struct buffer *out, struct err *e);

/**
 * Fork, set SOFTHSM2_CONF, run job(self), hand its output back.
 * @param softhsm2_conf  NULL: leave the environment as it is
 * @param out            replaced on success
 * @param e              the job's own error, or how the child died
 */
bool child_run(const char *softhsm2_conf, child_job *job, void *self,
	       struct buffer *out, struct err *e) MUST_CHECK;

#endif
