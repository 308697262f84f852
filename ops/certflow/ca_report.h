/*
 * ca_report.h - CAs and keys for people and for programs.
 */
#ifndef CERTFLOW_OPS_CA_REPORT_H
#define CERTFLOW_OPS_CA_REPORT_H

#include <jansson.h>

#include "hsm/hsm_key.h"
#include "pki/ca.h"

struct ca_report_row {
	const char *name;
	const struct pki_ca *ca;
	const struct hsm_key *key;
};

/** To standard output. */
void ca_report(const char *dir, const struct ca_report_row *rows, size_t count,
	       bool json);

/** Attributes as a JSON object; owned by the caller. */
json_t *ca_report_attributes(const struct hsm_attributes *a);

/** "sensitive, not extractable, ..." into out. @return out */
const char *ca_report_attribute_text(const struct hsm_attributes *a,
				     char out[128]);

/** Print and release. */
void ca_report_json(json_t *value);

#endif
