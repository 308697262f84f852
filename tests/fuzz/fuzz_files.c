/*
 * Input: one octet that says which file the rest is:
 *   0  a program's configuration     1  its environment and --set, each
 *   2  a certificate profile            ended by a NUL
 *   3  approvers, PEM                4  a CA certificate, PEM
 *   5  the catalogue                 6  the rules of the dossier
 * What is accepted must be within the limits that its header names, and
 * what is not must say why.
 */
#include <string.h>

#include "base/config.h"
#include "fuzz.h"
#include "pki/approval.h"
#include "pki/authority.h"
#include "pki/profile.h"
#include "workflow/catalogue.h"
#include "workflow/dossier.h"

/* One option of each type, and the names of a real table. */
static const struct config_option options[] = {
	{ "kafka.bootstrap", CONFIG_TEXT, "127.0.0.1:9092", 0, 0, false, "" },
	{ "hsm.pin_file", CONFIG_TEXT, "", 0, 0, true, "" },
	{ "hsm.threads", CONFIG_INT, "2", 1, 64, false, "" },
	{ "any.number", CONFIG_INT, "0", 0, 0, false, "" },
	{ "approval.required", CONFIG_BOOL, "false", 0, 0, false, "" },
	{ "hsm.check_every", CONFIG_DURATION, "30s", 100, 3600000, false, "" },
	{ "any.duration", CONFIG_DURATION, "1s", 0, 0, false, "" },
	{ "hsm.tokens", CONFIG_LIST, "", 0, 0, false, "" },
	{ 0 },
};
static const struct config_option *const tables[] = { options, NULL };

static void
within_limits(const struct config *cfg)
{
	const char *items[CONFIG_ITEMS_MAX];
	size_t n = config_list(cfg, "hsm.tokens", items);

	require(n <= CONFIG_ITEMS_MAX);
	for (size_t i = 0; i < n; i++)
		require(items[i][0] != '\0' && strchr(items[i], ',') == NULL);
	require(strlen(config_text(cfg, "kafka.bootstrap")) < CONFIG_VALUE_MAX);
	require(config_int(cfg, "hsm.threads") >= 1);
	require(config_int(cfg, "hsm.threads") <= 64);
	(void)config_int(cfg, "any.number");
	(void)config_bool(cfg, "approval.required");
	require(config_duration_us(cfg, "hsm.check_every") >= 100000);
	require(config_duration_us(cfg, "hsm.check_every") <= 3600000000);
	require(config_duration_us(cfg, "any.duration") >= 0);
}

static char program[] = "fuzz", config_option[] = "--config",
	    set_option[] = "--set";

static struct config *
load(int argc, char *const *argv)
{
	struct config *cfg = NULL;
	struct err e = { 0 };

	if (config_load("fuzz", tables, argc, argv, &cfg, &e) == CONFIG_RUN)
		return cfg;
	require(e.kind == ERR_FATAL && e.text[0] != '\0');
	return NULL;
}

/* The text that was read, written down again, is read as the same. */
static void
survives(const struct config *cfg)
{
	char text[2 * CONFIG_VALUE_MAX];
	int n = snprintf(text, sizeof(text), "[kafka]\nbootstrap = %s\n",
			 config_text(cfg, "kafka.bootstrap"));
	const char *path = memory_file(text, (size_t)n);
	char *argv[] = { program, config_option, (char *)(uintptr_t)path,
			 NULL };
	AUTO(config) struct config *again = load(3, argv);

	require(again != NULL);
	require(strcmp(config_text(cfg, "kafka.bootstrap"),
		       config_text(again, "kafka.bootstrap")) == 0);
}

static void
configuration(const uint8_t *data, size_t size)
{
	const char *path = memory_file(data, size);
	char *argv[] = { program, config_option, (char *)(uintptr_t)path,
			 NULL };
	AUTO(config) struct config *cfg = load(3, argv);

	if (cfg == NULL)
		return;
	/* Nothing of a file may be skipped in silence. */
	require(memchr(data, '\0', size) == NULL);
	within_limits(cfg);
	survives(cfg);
}

#define SETS_MAX 16

static void
arguments(const uint8_t *data, size_t size)
{
	AUTO(str) char *copy = calloc(1, size + 1);
	char *argv[2 * SETS_MAX + 2] = { program };
	AUTO(config) struct config *cfg = NULL;
	char *at = copy;
	int argc = 1;

	require(copy != NULL);
	memcpy(copy, data, size);
	require(setenv("CERTFLOW_FUZZ_KAFKA_BOOTSTRAP", at, 1) == 0);
	at += strlen(at) + 1;
	while (at < copy + size && argc < 2 * SETS_MAX) {
		argv[argc++] = set_option;
		argv[argc++] = at;
		at += strlen(at) + 1;
	}
	cfg = load(argc, argv);
	require(unsetenv("CERTFLOW_FUZZ_KAFKA_BOOTSTRAP") == 0);
	if (cfg != NULL)
		within_limits(cfg);
}

static void
profile(const uint8_t *data, size_t size)
{
	const struct pki_places places = { "http://127.0.0.1:80",
					   "http://127.0.0.1:81" };
	AUTO(pki_profile) struct pki_profile *p = NULL;
	const uint16_t ca_only = 1u << 5 | 1u << 6;
	uint8_t digest[SHA256_LEN];
	bool any_key = false, any_ca = false;
	struct err e = { 0 };

	if (!pki_profile_load(memory_file(data, size), &places, &p, &e)) {
		require(e.kind == ERR_FATAL && e.text[0] != '\0');
		return;
	}
	require(memchr(data, '\0', size) == NULL);
	require(p->name[0] != '\0' && p->max_months >= 1);
	for (int k = 1; k < EV_KEY_ALGORITHM__COUNT; k++)
		any_ca = any_ca ||
			 pki_profile_signature(p, (enum ev_key_algorithm)k) !=
				 PKI_SIGNATURE_NONE;
	require(any_ca);
	require(p->subject_count >= 1 && p->subject_count <= PKI_ATTR__COUNT);
	require(p->key_usage != 0 && (p->key_usage & ca_only) == 0);
	require(p->eku_count <= PROFILE_ITEMS_MAX);
	require(p->policy_count <= PROFILE_ITEMS_MAX);
	for (size_t i = 0; i < EV_KEY_ALGORITHM__COUNT; i++)
		any_key = any_key || p->keys[i];
	require(any_key && !p->keys[EV_KEY_ALGORITHM_UNKNOWN]);
	sha256(bytes_of(data, size), digest);
	require(memcmp(digest, p->sha256, SHA256_LEN) == 0);
}

static void
approvers(const uint8_t *data, size_t size)
{
	AUTO(pki_approvers) struct pki_approvers *known = NULL;
	struct err e = { 0 };

	if (!pki_approvers_parse(bytes_of(data, size), &known, &e))
		require(e.kind == ERR_FATAL && e.text[0] != '\0');
}

static void
ca(const uint8_t *data, size_t size)
{
	AUTO(pki_ca) struct pki_ca *loaded = NULL;
	struct err e = { 0 };

	if (pki_ca_load(memory_file(data, size), &loaded, &e))
		require(loaded->signature != PKI_SIGNATURE_NONE &&
			loaded->spki.len > 0);
	else
		require(e.text[0] != '\0');
}

static void
catalogue(const uint8_t *data, size_t size)
{
	AUTO(catalogue) struct catalogue *c = NULL;
	const struct ev_submission asked = {
		.device_type = EV_DEVICE_TYPE_HSM,
		.product_package = "ORG_HSM_CA4",
		.validity_months = 12,
		.subscription_scheme_code = "CA4_HD_MP",
	};
	const struct catalogue_row *row = NULL;
	struct err e = { 0 };

	if (!catalogue_parse(bytes_of(data, size), &c, &e)) {
		require(e.kind == ERR_FATAL && e.text[0] != '\0');
		return;
	}
	if (catalogue_find(c, &asked, 20000, &row) != CATALOGUE_FOUND)
		return;
	require(row->profile != NULL && *row->profile != '\0');
	require(row->validity_months == 12 && row->months_free >= 0 &&
		row->months_free <= 12);
	require(row->effective_from <= 20000 && row->effective_to >= 20000);
}

static void
dossier(const uint8_t *data, size_t size)
{
	AUTO(dossier) struct dossier_rules *d = NULL;
	const struct ev_dossier_document documents[] = {
		{ .type = "REQUEST_FORM" }, { .type = "no such type" }
	};
	const struct ev_submission sub = {
		.request_type = EV_REQUEST_TYPE_MODIFICATION,
		.dossier = { documents, 2 },
	};
	char missing[64];
	struct err e = { 0 };
	int unknown;

	if (!dossier_parse(bytes_of(data, size), &d, &e)) {
		require(e.kind == ERR_FATAL && e.text[0] != '\0');
		return;
	}
	unknown = dossier_unknown(d, &sub);
	require(unknown >= -1 && unknown < 2);
	if (dossier_missing(d, &sub, true, missing, sizeof(missing)))
		require(missing[0] != '\0' && memchr(missing, '\0', 64));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const kinds[])(const uint8_t *data, size_t size) = {
		configuration, arguments, profile, approvers, ca,
		catalogue,     dossier
	};

	if (size == 0 || data[0] >= sizeof(kinds) / sizeof(kinds[0]))
		return 0;
	kinds[data[0]](data + 1, size - 1);
	return 0;
}
