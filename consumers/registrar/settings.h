/*
 * settings.h - the registrar's own options, and what is made of them.
 */
#ifndef CERTFLOW_REGISTRAR_SETTINGS_H
#define CERTFLOW_REGISTRAR_SETTINGS_H

#include "base/config.h"
#include "workflow/facts.h"

/* Ended by key NULL. */
extern const struct config_option settings_options[];

struct wf_limits settings_limits(const struct config *cfg);

#endif
