/*
 * profile_value.h - one setter a key of a profile (inside shared/pki).
 * ERR_FATAL says what is wrong with the value.
 */
#ifndef CERTFLOW_PKI_PROFILE_VALUE_H
#define CERTFLOW_PKI_PROFILE_VALUE_H

#include "pki/profile.h"

bool profile_set_name(struct pki_profile *p, const char *value, struct err *e)
	MUST_CHECK;
bool profile_set_max_months(struct pki_profile *p, const char *value,
			    struct err *e) MUST_CHECK;
bool profile_set_keys(struct pki_profile *p, const char *value, struct err *e)
	MUST_CHECK;
bool profile_set_signature(struct pki_profile *p, const char *value,
			   struct err *e) MUST_CHECK;
bool profile_set_subject(struct pki_profile *p, const char *value,
			 struct err *e) MUST_CHECK;
bool profile_set_key_usage(struct pki_profile *p, const char *value,
			   struct err *e) MUST_CHECK;
bool profile_set_eku(struct pki_profile *p, const char *value, struct err *e)
	MUST_CHECK;
bool profile_set_policies(struct pki_profile *p, const char *value,
			  struct err *e) MUST_CHECK;
bool profile_set_crl(struct pki_profile *p, const char *value, struct err *e)
	MUST_CHECK;
bool profile_set_ca_issuers(struct pki_profile *p, const char *value,
			    struct err *e) MUST_CHECK;
bool profile_set_ocsp(struct pki_profile *p, const char *value, struct err *e)
	MUST_CHECK;

#endif
