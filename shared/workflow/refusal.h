/*
 * refusal.h - every reason for saying no, with its texts.
 *
 * One row per code in one table: English, Vietnamese (verbatim), whether an
 * event may wait for it (deferral), and which parameters the text takes.
 */
#ifndef CERTFLOW_WORKFLOW_REFUSAL_H
#define CERTFLOW_WORKFLOW_REFUSAL_H

#include "event/event.h"

#define WF_PARAMS_MAX 4
#define WF_PARAM_MAX 1000 /* octets, terminator included */

struct wf_param {
	char key[32];
	char value[WF_PARAM_MAX];
};

struct wf_refusal {
	enum ev_refusal_code code; /* EV_REFUSAL_CODE_UNKNOWN: none */
	char field[96];            /* path inside the event, or ""   */
	size_t param_count;
	struct wf_param params[WF_PARAMS_MAX];
};

/** Set code and field; forgets parameters. Always returns true. */
bool wf_refuse(struct wf_refusal *r, enum ev_refusal_code code,
	       const char *field);

/** Add a parameter (cut at a character border if too long). */
void wf_refusal_param(struct wf_refusal *r, const char *key, const char *value);

/** May an event wait for this to come true? The rows marked so. */
bool wf_refusal_defers(enum ev_refusal_code code);

/** Text without parameters: what certflow.outcomes carries. Literals. */
const char *wf_refusal_text_en(enum ev_refusal_code code);
const char *wf_refusal_text_vi(enum ev_refusal_code code);

/** Text with parameters filled in: what EventRefused carries.
 * @return out, cut at a character border */
const char *wf_refusal_message_en(const struct wf_refusal *r, char *out,
				  size_t size);
const char *wf_refusal_message_vi(const struct wf_refusal *r, char *out,
				  size_t size);

#endif
