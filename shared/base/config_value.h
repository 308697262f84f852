/*
 * config_value.h - the types of configuration values (used by config.c).
 */
#ifndef CERTFLOW_BASE_CONFIG_VALUE_H
#define CERTFLOW_BASE_CONFIG_VALUE_H

#include "base/config.h"

/** Does the text fit the option's type and range? e names the reason. */
bool config_value_check(const struct config_option *o, const char *value,
			struct err *e) MUST_CHECK;

/** "250ms", "30s", "10m", "24h", "180d" into milliseconds; never more than
 * fit into 64 bits as microseconds. */
bool config_parse_duration(const char *text, int64_t *ms) MUST_CHECK;

#endif
