#include "registrar/settings.h"

#define S INT64_C(1000)
#define DAY (86400 * S)

const struct config_option settings_options[] = {
	{ "db.conninfo", CONFIG_TEXT, NULL, 0, 0, false,
	  "libpq connection of the checkpoint; password by passfile only" },
	{ "ca.certificate", CONFIG_TEXT, NULL, 0, 0, false,
	  "PEM file of the issuing CA's certificate" },
	{ "ca.others", CONFIG_LIST, "", 0, 0, false,
	  "PEM files of our other CAs (root, earlier ones), whose keys nobody "
	  "may have certified, e.g. /var/lib/certflow/ca/root.pem" },
	{ "ca.warn", CONFIG_DURATION, "90d", 0, 3650 * DAY, false,
	  "the end of the issuing CA is told so long before: in program "
	  "output once a day, in /health as a warning" },
	{ "ca.alarm", CONFIG_DURATION, "30d", 0, 3650 * DAY, false,
	  "the same at level error" },
	{ "ca.public_url", CONFIG_TEXT, "", 0, 0, false,
	  "where CRL and CA certificate are served; empty: not in "
	  "certificates" },
	{ "pki.blocklist", CONFIG_TEXT, "", 0, 0, false,
	  "file of digests of compromised keys, e.g. "
	  "/etc/certflow/blocklist.txt; read again when it changes; empty: "
	  "none" },
	{ "ca.ocsp_url", CONFIG_TEXT, "", 0, 0, false,
	  "where the OCSP responder answers; empty: not in certificates" },
	{ "profile.files", CONFIG_LIST, NULL, 0, 0, false,
	  "INI files of the certificate profiles that the catalogue names" },
	{ "catalogue.file", CONFIG_TEXT, NULL, 0, 0, false,
	  "JSON file of products, months and schemes" },
	{ "dossier.file", CONFIG_TEXT, NULL, 0, 0, false,
	  "JSON file of the documents that a dossier needs" },
	{ "unsaved_ttl", CONFIG_DURATION, "24h", S, 365 * DAY, false,
	  "a key not saved for so long is abandoned, e.g. 24h" },
	{ "uncertified_ttl", CONFIG_DURATION, "180d", S, 3650 * DAY, false,
	  "a saved key not certified for so long is abandoned" },
	{ "request_ttl", CONFIG_DURATION, "30d", S, 3650 * DAY, false,
	  "a request without progress for so long lapses" },
	{ "deferral_ttl", CONFIG_DURATION, "10m", S, DAY, false,
	  "an event may wait so long for what it needs" },
	{ "sign_ttl", CONFIG_DURATION, "24h", S, 30 * DAY, false,
	  "an order not signed within this time is not signed any more" },
	{ "limits.deferred", CONFIG_INT, "16", 1, 64, false,
	  "events that may wait for one tax code" },
	{ "limits.enrolments", CONFIG_INT, "16", 1, 1000, false,
	  "open enrolments of one tax code" },
	{ "limits.requests", CONFIG_INT, "16", 1, 1000, false,
	  "open requests of one tax code" },
	{ "limits.certificates", CONFIG_INT, "200", 1, 10000, false,
	  "certificates of one tax code" },
	{ "approval.signature_required", CONFIG_BOOL, "false", 0, 0, false,
	  "refuse approvals without a signature" },
	{ "approval.certificates", CONFIG_TEXT, "", 0, 0, false,
	  "PEM file of the approvers' certificates, by which signatures of "
	  "approvals are verified; empty: they are not looked at" },
	{ "checkpoint.interval", CONFIG_DURATION, "1s", 100, 60 * S, false,
	  "how far the checkpoint may be behind" },
	{ "batch.max", CONFIG_INT, "500", 1, 10000, false,
	  "messages in one transaction" },
	{ "commit.interval", CONFIG_DURATION, "100ms", 0, 5 * S, false,
	  "while many events come in, transactions are begun at most this "
	  "often" },
	{ "cache.max_bytes", CONFIG_INT, "25165824", 1048576, 1099511627776,
	  false, "subjects kept in memory, octets" },
	{ .key = NULL },
};

struct wf_limits
settings_limits(const struct config *cfg)
{
	return (struct wf_limits){
		.unsaved_ttl_us = config_duration_us(cfg, "unsaved_ttl"),
		.uncertified_ttl_us =
			config_duration_us(cfg, "uncertified_ttl"),
		.request_ttl_us = config_duration_us(cfg, "request_ttl"),
		.deferral_ttl_us = config_duration_us(cfg, "deferral_ttl"),
		.sign_ttl_us = config_duration_us(cfg, "sign_ttl"),
		.deferred_max = (int32_t)config_int(cfg, "limits.deferred"),
		.open_enrolments_max =
			(int32_t)config_int(cfg, "limits.enrolments"),
		.open_requests_max =
			(int32_t)config_int(cfg, "limits.requests"),
		.certificates_max =
			(int32_t)config_int(cfg, "limits.certificates"),
		.approval_signature_required =
			config_bool(cfg, "approval.signature_required"),
	};
}
