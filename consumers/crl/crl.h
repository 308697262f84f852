/*
 * crl.h - inside the program crl only: its state, and who does what.
 *
 *   main.c      opening, the loop, health
 *   settings.c  configuration and metrics
 *   renew.c     when a CRL is due, and making it
 *   follow.h    (runtime) reading the log;  publish.h  files and numbers
 *
 * One thread.
 */
#ifndef CERTFLOW_CRL_CRL_H
#define CERTFLOW_CRL_CRL_H

#include "crl/publish.h"
#include "hsm/hsm.h"
#include "runtime/backoff.h"
#include "runtime/follow.h"

struct crl {
	struct runtime *rt;
	struct hsm *hsm;
	struct pki_ca *ca;
	struct status_book *book;
	struct follow *follow;
	struct crl_publisher publisher;
	struct crl_last last; /* as published, when we last looked */
	uint64_t mark;        /* of the file that last was read from */
	uint64_t listed;      /* changes of the book that it holds   */
	int64_t due_us;       /* monotonic: since when one is due; 0: none */
	int64_t look_us;
	int64_t alert_us;
	struct backoff backoff;
	struct err why; /* the last failure to publish */
	struct metric *number;
	struct metric *entries;
	struct metric *next_update;
	struct metric *published;
	struct metric *unexplained;
};

/* settings.c */

extern const struct config_option crl_options[];

/** From the configuration; makes the archive's folder. ERR_FATAL: wrong. */
bool crl_configure(struct crl *c, struct err *e) MUST_CHECK;

void crl_add_metrics(struct crl *c);

/* renew.c */

/** Publish a CRL if one is due and can be made. What passes is kept in
 * c->why; @return false: the program ends (ERR_NONE: asked to). */
bool crl_publish(struct crl *c, struct err *e) MUST_CHECK;

/** Look at what is served, if that changed. */
void crl_look_at_files(struct crl *c);

#endif
