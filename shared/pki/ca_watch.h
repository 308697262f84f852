/*
 * ca_watch.h - the issuing CA's own term: what a program says of it before
 * it is too late.
 *
 * One thread at a time.
 */
#ifndef CERTFLOW_PKI_CA_WATCH_H
#define CERTFLOW_PKI_CA_WATCH_H

#include "pki/ca.h"
#include "pki/profile_list.h"

#define CA_WATCH_TEXT_MAX 160

/* From good to bad. */
enum pki_ca_condition {
	PKI_CA_GOOD,
	PKI_CA_SHORTENS, /* the longest term would end after the CA does */
	PKI_CA_WARN,     /* it ends within warn_us                       */
	PKI_CA_ALARM,    /* it ends within alarm_us                      */
	PKI_CA_EXPIRED,  /* nothing can be certified                     */
	PKI_CA_EARLY,    /* not valid yet: nothing can be certified      */
};

struct pki_ca_watch {
	const struct pki_ca *ca;
	int32_t months;  /* the longest term that is sold */
	int64_t warn_us; /* warn_us >= alarm_us           */
	int64_t alarm_us;
	enum pki_ca_condition last; /* begin with PKI_CA_GOOD           */
	int64_t said_us;            /* when it was last said, 0: never  */
	char text[CA_WATCH_TEXT_MAX];
};

/** The longest term is that of these profiles. */
struct pki_ca_watch pki_ca_watch_new(const struct pki_ca *ca,
				     const struct pki_profile_list *profiles,
				     int64_t warn_us, int64_t alarm_us);

enum pki_ca_condition pki_ca_condition(const struct pki_ca_watch *w,
				       int64_t now);

/**
 * Look at the clock; program output for a change, and once a day for as long
 * as it is not good: level warn, from PKI_CA_ALARM on error.
 * @param warning  what to tell although the CA is valid; NULL: nothing
 * @return why the CA is not valid; NULL: it is. Both texts are w's own and
 *         hold until the next call
 */
const char *pki_ca_watch(struct pki_ca_watch *w, int64_t now,
			 const char **warning);

#endif
