/* When a CRL is due, and making it. */
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "crl/crl.h"

#define GATHER_US (1 * US_PER_S) /* what changes together is one CRL */

static void
note_last(struct crl *c)
{
	metric_set(c->number, c->last.crl.number);
	metric_set(c->entries, (int64_t)c->last.crl.revoked_count);
	metric_set(c->next_update, c->last.crl.next_update / US_PER_S);
}

static void
say_published(const struct crl *c, const struct pki_crl *crl)
{
	char number[24], entries[24], next[CLOCK_TEXT_MAX];

	log_line(LOG_INFO, c->publisher.store.name, "CRL published", "number",
		 log_int(number, crl->number), "entries",
		 log_int(entries, (long long)crl->revoked_count), "next_update",
		 clock_format(crl->next_update, next), NULL);
}

static void
say_unexplained(const struct crl *c, size_t count)
{
	char n[24];

	if (count > 0 && metric_get(c->unexplained) != (int64_t)count)
		log_line(LOG_ERROR, c->publisher.store.name,
			 "entries of the last CRL are kept though the log does "
			 "not know why: is it the whole log?",
			 "entries", log_int(n, (long long)count), NULL);
	metric_set(c->unexplained, (int64_t)count);
}

/* Under the lock: what was begun, then the log to its end, then the next. */
static bool
renew(struct crl *c, struct crl_last *last, struct err *e)
{
	size_t unexplained = 0;
	bool published;
	uint64_t changes;
	int64_t now;

	if (!crl_resume(&c->publisher, last, e))
		return false;
	now = clock_now_us(); /* all that was on the log by then is listed */
	if (!follow_catch_up(c->follow, e))
		return false;
	changes = status_book_changes(c->book);
	if (!crl_renew(&c->publisher, c->book, now, last, &published,
		       &unexplained, e))
		return false;
	c->listed = changes;
	say_unexplained(c, unexplained);
	if (published) {
		metric_inc(c->published, 1);
		say_published(c, &last->crl);
	}
	return true;
}

/* One try. What passes is said by health once the CRL is overdue. */
static bool
try(struct crl *c, struct err *e)
{
	struct crl_last last = { 0 };
	int lock;
	bool ok;

	if (!crl_store_lock(&c->publisher.store, &lock, e))
		return false;
	ok = renew(c, &last, e);
	(void)close(lock);
	if (!ok) { /* what is served is still what it was */
		crl_last_clear(&last);
		return false;
	}
	crl_last_clear(&c->last);
	c->last = last;
	note_last(c);
	return true;
}

/* Since when is a CRL due? */
static bool
is_due(struct crl *c)
{
	int64_t now = clock_monotonic_us();
	bool changed = status_book_changes(c->book) != c->listed;

	if (!changed && !crl_is_stale(&c->publisher, &c->last, clock_now_us()))
		c->due_us = 0;
	else if (c->due_us == 0)
		c->due_us = now;
	return c->due_us != 0 && backoff_ready(&c->backoff) &&
	       (!changed || now - c->due_us >= GATHER_US || !c->last.exists);
}

bool
crl_publish(struct crl *c, struct err *e)
{
	struct err why = { 0 };

	if (!is_due(c) || !hsm_ready(c->hsm, &why))
		return true;
	if (try(c, &why)) {
		c->due_us = 0; /* what comes from here on is gathered anew */
		backoff_reset(&c->backoff);
		c->why.text[0] = '\0';
		return true;
	}
	if (why.kind == ERR_NONE || why.kind == ERR_FATAL) {
		*e = why;
		return false;
	}
	if (strcmp(why.text, c->why.text) != 0)
		log_err(LOG_WARN, c->publisher.store.name,
			"CRL waits for another try", &why);
	c->why = why;
	(void)backoff_fail(&c->backoff);
	return true;
}

/* What is really served: also what we wrote ourselves is read once, and
 * somebody else's hand (another instance, an operator) is noticed. */
void
crl_look_at_files(struct crl *c)
{
	uint64_t mark = crl_store_mark(&c->publisher.store);
	struct pki_crl known = c->last.crl;
	struct err why = { 0 };

	if (mark == c->mark)
		return;
	if (!crl_store_published(&c->publisher.store, c->ca, &c->last, &why)) {
		c->why = why;
		return;
	}
	c->mark = mark;
	if (c->last.crl.number != known.number ||
	    c->last.crl.this_update != known.this_update)
		c->listed = UINT64_MAX; /* it may say less */
	note_last(c);
}
