#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "crl/crl.h"
#include "hsm/hsm_config.h"
#include "hsm/hsm_key.h"

/* clang-format off */
const struct config_option crl_options[] = {
	HSM_OPTIONS,
	{ "hsm.token", CONFIG_LIST, "issuing", 0, 0, false,
	  "label of the token with the CA's key, e.g. issuing" },
	{ "ca.certificate", CONFIG_TEXT, NULL, 0, 0, false,
	  "certificate of the CA whose CRL this is, PEM, e.g. "
	  "/var/lib/certflow/ca/issuing.pem" },
	{ "crl.directory", CONFIG_TEXT, NULL, 0, 0, false,
	  "where the CRL is served from, e.g. /var/lib/certflow/ca" },
	{ "crl.name", CONFIG_TEXT, "issuing", 0, 0, false,
	  "name of the CRL without .crl, as the certificates' distribution "
	  "point has it, e.g. issuing" },
	{ "crl.archive", CONFIG_TEXT, NULL, 0, 0, false,
	  "where each CRL is kept, e.g. /var/lib/certflow/crl/archive; made if "
	  "missing" },
	{ "crl.keep", CONFIG_INT, "1000", 1, 1000000, false,
	  "CRLs in the archive, e.g. 1000" },
	{ "crl.refresh", CONFIG_DURATION, "12h", 1000, 86400000, false,
	  "a new CRL so often at least, if nothing changes, e.g. 12h" },
	{ "crl.next_update", CONFIG_DURATION, "3d", 2000, 2592000000, false,
	  "how long a CRL may be relied on, e.g. 3d" },
	{ "crl.alert", CONFIG_DURATION, "1d", 1000, 2592000000, false,
	  "not ready (an alarm) when the CRL ends within so long, e.g. 1d" },
	{ 0 },
};
/* clang-format on */

static bool
usage(struct err *e, const char *what)
{
	return ERR_SET(e, ERR_FATAL, "config", 0, "%s", what);
}

static bool
sign(void *self, struct bytes tbs, struct buffer *signature, struct err *e)
{
	const struct crl *c = self;

	return hsm_sign_own(c->hsm, 0, c->ca->signature, tbs, signature, e);
}

bool
crl_configure(struct crl *c, struct err *e)
{
	const struct config *cfg = runtime_config(c->rt);
	struct crl_publisher *p = &c->publisher;

	*p = (struct crl_publisher){
		.store = { .directory = config_text(cfg, "crl.directory"),
			   .name = config_text(cfg, "crl.name"),
			   .archive = config_text(cfg, "crl.archive"),
			   .keep = (size_t)config_int(cfg, "crl.keep") },
		.refresh_us = config_duration_us(cfg, "crl.refresh"),
		.next_update_us = config_duration_us(cfg, "crl.next_update"),
		.self = c,
		.sign = sign,
	};
	c->alert_us = config_duration_us(cfg, "crl.alert");
	if (p->refresh_us >= p->next_update_us)
		return usage(e, "crl.refresh must be below crl.next_update");
	if (c->alert_us >= p->next_update_us - p->refresh_us)
		return usage(e, "crl.alert must be below crl.next_update - "
				"crl.refresh");
	if (strchr(p->store.name, '/') != NULL || p->store.name[0] == '\0')
		return usage(e, "crl.name is not a name of a file");
	if (mkdir(p->store.archive, 0755) != 0 && errno != EEXIST)
		return ERR_SET(e, ERR_FATAL, "config", errno,
			       "crl.archive: make %s: %s", p->store.archive,
			       strerror(errno));
	return true;
}

void
crl_add_metrics(struct crl *c)
{
	struct metrics *m = runtime_metrics(c->rt);

	c->number = metrics_add(m, METRIC_GAUGE, "certflow_crl_number", NULL,
				"number of the CRL that is published");
	c->entries = metrics_add(m, METRIC_GAUGE, "certflow_crl_entries", NULL,
				 "certificates on it");
	c->next_update =
		metrics_add(m, METRIC_GAUGE, "certflow_crl_next_update_seconds",
			    NULL, "when it ends, seconds since 1970");
	c->published =
		metrics_add(m, METRIC_COUNTER, "certflow_crl_published_total",
			    NULL, "CRLs published by this process");
	c->unexplained = metrics_add(
		m, METRIC_GAUGE, "certflow_crl_unexplained", NULL,
		"entries kept though the log does not know why: an alarm");
}
