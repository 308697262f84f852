#include "pki/ca_watch.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "pki/tbs.h"

struct pki_ca_watch
pki_ca_watch_new(const struct pki_ca *ca,
		 const struct pki_profile_list *profiles, int64_t warn_us,
		 int64_t alarm_us)
{
	struct pki_ca_watch w = { .ca = ca,
				  .warn_us = warn_us,
				  .alarm_us = alarm_us };

	for (size_t i = 0; i < profiles->count; i++)
		if (w.months < profiles->items[i]->max_months)
			w.months = profiles->items[i]->max_months;
	return w;
}

enum pki_ca_condition
pki_ca_condition(const struct pki_ca_watch *w, int64_t now)
{
	int64_t left = w->ca->not_after - now;

	if (now < w->ca->not_before)
		return PKI_CA_EARLY;
	if (left < 0)
		return PKI_CA_EXPIRED;
	if (left < w->alarm_us)
		return PKI_CA_ALARM;
	if (left < w->warn_us)
		return PKI_CA_WARN;
	return pki_validity(now, w->months, w->ca).shortened ? PKI_CA_SHORTENS
							     : PKI_CA_GOOD;
}

static void
describe(struct pki_ca_watch *w, int64_t now)
{
	int64_t days = (w->ca->not_after - now) / US_PER_DAY;
	char date[CLOCK_TEXT_MAX];

	switch (w->last) {
	case PKI_CA_EARLY:
		clock_format(w->ca->not_before, date);
		(void)snprintf(w->text, sizeof(w->text),
			       "the issuing CA is not valid before %.19sZ",
			       date);
		return;
	case PKI_CA_EXPIRED:
		clock_format(w->ca->not_after, date);
		(void)snprintf(w->text, sizeof(w->text),
			       "the issuing CA ended on %.19sZ", date);
		return;
	case PKI_CA_SHORTENS:
		clock_format(w->ca->not_after, date);
		(void)snprintf(w->text, sizeof(w->text),
			       "terms of %" PRId32 " months are cut short: the "
			       "issuing CA ends on %.19sZ",
			       w->months, date);
		return;
	default:
		clock_format(w->ca->not_after, date);
		(void)snprintf(w->text, sizeof(w->text),
			       "the issuing CA ends in %" PRId64
			       " days, on %.19sZ",
			       days, date);
	}
}

const char *
pki_ca_watch(struct pki_ca_watch *w, int64_t now, const char **warning)
{
	enum pki_ca_condition is = pki_ca_condition(w, now);
	bool news = is != w->last || now - w->said_us >= US_PER_DAY ||
		    now < w->said_us;

	*warning = NULL;
	if (is == PKI_CA_GOOD && w->last != PKI_CA_GOOD)
		log_line(LOG_INFO, "ca", "the issuing CA is valid", NULL);
	w->last = is;
	if (is == PKI_CA_GOOD)
		return NULL;
	if (news) {
		describe(w, now);
		log_line(is >= PKI_CA_ALARM ? LOG_ERROR : LOG_WARN, "ca",
			 w->text, NULL);
		w->said_us = now;
	}
	if (is >= PKI_CA_EXPIRED)
		return w->text;
	*warning = w->text;
	return NULL;
}
