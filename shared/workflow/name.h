/*
 * name.h - names that go into certificates.
 *
 * A name is NFC, without control, bidirectional, zero-width and look-alike
 * characters, without spaces at its ends. CN and O hold at most 64
 * characters (X.520, ub-common-name and ub-organization-name), not octets.
 * Nothing is ever cut: a longer legal name gets a proposal, which the
 * officer confirms.
 */
#ifndef CERTFLOW_WORKFLOW_NAME_H
#define CERTFLOW_WORKFLOW_NAME_H

#include "base/arena.h"
#include "workflow/refusal.h"

#define NAME_CERTIFICATE_MAX 64 /* characters */

/** Form of any name. @return false: refused (NAME_NOT_NFC, NAME_CHARACTER) */
bool name_check(const char *name, const char *field, struct wf_refusal *r)
	MUST_CHECK;

/**
 * The legal name, abbreviated rule by rule until it fits; as far as the
 * rules go if it never does. Upper-case words only, as legal names are
 * registered.
 * @return from the arena, or NULL: no memory
 */
const char *name_propose(struct arena *a, const char *legal_name);

/** At most NAME_CERTIFICATE_MAX characters? */
bool name_fits(const char *name) MUST_CHECK;

#endif
