#include "activation.h"

#include "base/clock.h"
#include "pki/certificate.h"

static bool
failed(struct activation *out, enum ev_activation_failure_code code,
       const char *detail)
{
	out->code = code;
	out->detail = detail;
	return true;
}

/* The test signature, checked once more with the certificate's own key. */
static bool
sign_and_verify(struct hsm *hsm, unsigned thread, struct bytes spki,
		struct activation *out, struct err *e)
{
	enum pki_signature kind = pki_signature_default(out->key.algorithm);
	struct bytes text = bytes_of_str(HSM_TEST_TEXT);
	AUTO(buffer) struct buffer signature = { 0 };

	if (hsm_sign(hsm, thread, &out->key, kind, text, &signature, e) &&
	    pki_signature_verify(spki, kind, text, buffer_view(&signature),
				 e)) {
		out->activated = true;
		out->tested_at = clock_now_us();
		return true;
	}
	if (e->kind != ERR_REJECT)
		return false;
	return failed(out, EV_ACTIVATION_FAILURE_CODE_TEST_SIGNATURE_WRONG,
		      "the test signature does not verify");
}

bool
activation_test(struct hsm *hsm, unsigned thread,
		const struct ev_activation_ordered *order,
		struct activation *out, struct err *e)
{
	const struct hsm_query query = { .id = order->key_ref.key_id.b };
	struct pki_certificate certificate;
	struct hsm_keys found;

	*out = (struct activation){ 0 };
	if (!pki_certificate_parse(order->certificate_der, &certificate, e) ||
	    !hsm_find(hsm, thread, &query, &found, e))
		return false;
	for (size_t i = 0; i < found.count; i++) {
		const struct hsm_key *key = &found.items[i];

		if (!bytes_equal(hsm_key_spki(key), certificate.spki))
			continue;
		if (!key->has_private)
			return failed(out,
				      EV_ACTIVATION_FAILURE_CODE_KEY_NOT_FOUND,
				      "only the public half is in a token");
		out->key = *key;
		return sign_and_verify(hsm, thread, certificate.spki, out, e);
	}
	if (found.count > 0)
		return failed(out, EV_ACTIVATION_FAILURE_CODE_KEY_MISMATCH,
			      "the key of this id is not the certificate's");
	return failed(out, EV_ACTIVATION_FAILURE_CODE_KEY_NOT_FOUND,
		      "no token holds a key of this id");
}
