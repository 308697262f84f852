#include "hsm/hsm_config.h"

#include <stdio.h>
#include <string.h>

#define PATH_MAX_TEXT 1024

static bool
placement_parse(const char *text, enum hsm_placement *out, struct err *e)
{
	if (strcmp(text, "round-robin") == 0)
		*out = HSM_ROUND_ROBIN;
	else if (strcmp(text, "first-fit") == 0)
		*out = HSM_FIRST_FIT;
	else
		return ERR_SET(e, ERR_FATAL, "config", 0,
			       "hsm.placement: %s is neither round-robin nor "
			       "first-fit",
			       text);
	return true;
}

bool
hsm_open_configured(const struct config *cfg, const char *tokens_key,
		    struct bytes own_spki, struct hsm **out, struct err *e)
{
	return hsm_open_signing(cfg, tokens_key, own_spki, 0, out, e);
}

bool
hsm_open_signing(const struct config *cfg, const char *tokens_key,
		 struct bytes own_spki, uint32_t own_kinds, struct hsm **out,
		 struct err *e)
{
	const char *tokens[CONFIG_ITEMS_MAX], *skip[CONFIG_ITEMS_MAX];
	const char *refused = config_text(cfg, "hsm.refused_pin_file");
	const char *pin_file = config_text(cfg, "hsm.pin_file");
	char beside[PATH_MAX_TEXT];
	struct hsm_settings s = {
		.module = config_text(cfg, "hsm.module"),
		.tokens = tokens,
		.token_count = config_list(cfg, tokens_key, tokens),
		.pin_file = pin_file,
		.refused_pin_file = refused[0] != '\0' ? refused : beside,
		.read_only = own_spki.data != NULL,
		.threads = (unsigned)config_int(cfg, "hsm.threads"),
		.skip_attributes = skip,
		.skip_count = config_list(cfg, "hsm.skip_attributes", skip),
		.own_spki = own_spki,
		.own_kinds = own_kinds,
		.check_every_us = config_duration_us(cfg, "hsm.check_every"),
		.call_deadline_us =
			config_duration_us(cfg, "hsm.call_deadline"),
	};

	if (snprintf(beside, sizeof(beside), "%s.refused", pin_file) >=
	    (int)sizeof(beside))
		return ERR_SET(e, ERR_FATAL, "config", 0,
			       "hsm.pin_file: path too long");
	if (!placement_parse(config_text(cfg, "hsm.placement"), &s.placement,
			     e))
		return false;
	return hsm_open(&s, out, e);
}
