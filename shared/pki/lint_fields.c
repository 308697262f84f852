#include "base/clock.h"
#include "pki/lint_rules.h"

/* First microsecond of 2050, where GeneralizedTime begins. */
#define YEAR_2050_US (INT64_C(2524608000) * US_PER_S)

const char *
lint_version(const struct lint *l)
{
	return l->view.version == 2 ? NULL : "not v3";
}

const char *
lint_serial_range(const struct lint *l)
{
	char text[41];

	return view_serial_text(l->view.serial, text)
		       ? NULL
		       : "not a positive number of at most 20 octets";
}

const char *
lint_serial_random(const struct lint *l)
{
	struct bytes s = l->view.serial;

	if (s.len != PKI_SERIAL_LEN || (s.data[0] & 0xc0) != 0x40)
		return "not 16 octets beginning with 0x40 to 0x7f";
	return NULL;
}

const char *
lint_signature(const struct lint *l)
{
	struct bytes wanted = pki_signature_identifier(pki_profile_signature(
		l->context->profile, l->context->ca->key.algorithm));

	return wanted.data != NULL && bytes_equal(l->view.signature, wanted)
		       ? NULL
		       : "not the profile's algorithm for the CA's key";
}

const char *
lint_issuer(const struct lint *l)
{
	return bytes_equal(l->view.issuer, l->context->ca->subject)
		       ? NULL
		       : "differs from the CA's subject";
}

static bool
encoding_fits(const struct der_item *item, int64_t us)
{
	return item->tag ==
	       (us < YEAR_2050_US ? DER_UTC_TIME : DER_GENERALIZED_TIME);
}

const char *
lint_date_encoding(const struct lint *l)
{
	const struct view *v = &l->view;

	return encoding_fits(&v->not_before, v->not_before_us) &&
			       encoding_fits(&v->not_after, v->not_after_us)
		       ? NULL
		       : "UTCTime through 2049, GeneralizedTime from 2050";
}

const char *
lint_date_order(const struct lint *l)
{
	return l->view.not_before_us < l->view.not_after_us
		       ? NULL
		       : "not_after is not after not_before";
}

const char *
lint_date_term(const struct lint *l)
{
	int64_t end = pki_validity_end(l->view.not_before_us,
				       l->context->profile->max_months);

	return l->view.not_after_us <= end ? NULL : "longer than allowed";
}

const char *
lint_date_ca(const struct lint *l)
{
	const struct pki_ca *ca = l->context->ca;

	if (l->view.not_before_us < ca->not_before)
		return "begins before the CA's certificate";
	if (l->view.not_after_us > ca->not_after)
		return "ends after the CA's certificate";
	return NULL;
}

const char *
lint_key_same(const struct lint *l)
{
	return bytes_equal(l->view.spki, l->context->spki)
		       ? NULL
		       : "not the key that was ordered";
}

const char *
lint_key_allowed(const struct lint *l)
{
	if (l->key_why.reason != NULL)
		return l->key_why.reason;
	return l->context->profile->keys[l->key.algorithm]
		       ? NULL
		       : "key algorithm is not of the profile";
}
