#include <string.h>

#include "workflow/subject_state.h"

struct wf_enrolment *
subject_enrolment(const struct subject *s, const char *id)
{
	for (size_t i = 0; i < s->st.enrolments.count; i++)
		if (strcmp(s->st.enrolments.items[i].id, id) == 0)
			return &s->st.enrolments.items[i];
	return NULL;
}

struct wf_enrolment *
subject_enrolment_by_key(const struct subject *s, const struct ev_sha256 *spki)
{
	for (size_t i = 0; i < s->st.enrolments.count; i++) {
		struct wf_enrolment *en = &s->st.enrolments.items[i];

		if (en->has_key && sha256_equal(&en->spki_sha256, spki))
			return en;
	}
	return NULL;
}

struct wf_request *
subject_request(const struct subject *s, const char *id)
{
	for (size_t i = 0; i < s->st.requests.count; i++)
		if (strcmp(s->st.requests.items[i].id, id) == 0)
			return &s->st.requests.items[i];
	return NULL;
}

struct wf_order *
subject_order(const struct subject *s, const char *id)
{
	for (size_t i = 0; i < s->st.orders.count; i++)
		if (strcmp(s->st.orders.items[i].id, id) == 0)
			return &s->st.orders.items[i];
	return NULL;
}

struct wf_order *
subject_order_of(const struct subject *s, const char *serial)
{
	for (size_t i = 0; i < s->st.orders.count; i++)
		if (strcmp(s->st.orders.items[i].serial_number, serial) == 0)
			return &s->st.orders.items[i];
	return NULL;
}

struct wf_status_change *
subject_status_change(const struct subject *s, const char *id)
{
	for (size_t i = 0; i < s->st.status_changes.count; i++)
		if (strcmp(s->st.status_changes.items[i].id, id) == 0)
			return &s->st.status_changes.items[i];
	return NULL;
}

struct wf_certificate_state *
subject_certificate(const struct subject *s, const char *serial)
{
	for (size_t i = 0; i < s->st.certificates.count; i++)
		if (strcmp(s->st.certificates.items[i].serial_number, serial) ==
		    0)
			return &s->st.certificates.items[i];
	return NULL;
}

bool
wf_names_hold(const struct wf_names *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (strcmp(names->items[i], name) == 0)
			return true;
	return false;
}

bool
subject_serial_revoked(const struct subject *s, const char *serial)
{
	return wf_names_hold(&s->st.revoked, serial);
}

/* The enrolment whose CSR the request names or was given; NULL: none yet. */
static const char *
enrolment_of(const struct wf_request *rq)
{
	if (rq->approval != NULL)
		return rq->approval->enrolment_id;
	return rq->submission.enrolment_id;
}

const struct wf_request *
subject_holder(const struct subject *s, const char *enrolment_id,
	       const struct wf_request *except)
{
	for (size_t i = 0; i < s->st.requests.count; i++) {
		const struct wf_request *rq = &s->st.requests.items[i];
		const char *held = enrolment_of(rq);

		if (rq != except && wf_request_is_open(rq->state) &&
		    held != NULL && strcmp(held, enrolment_id) == 0)
			return rq;
	}
	return NULL;
}

static bool
request_holds_key(const struct subject *s, const struct wf_request *rq,
		  const struct ev_sha256 *spki)
{
	const struct wf_enrolment *en = subject_enrolment_by_key(s, spki);
	const char *held = enrolment_of(rq);

	if (!wf_request_is_open(rq->state))
		return false;
	if (rq->approval != NULL &&
	    sha256_equal(&rq->approval->spki_sha256, spki))
		return true;
	if (rq->submission.csr_source == EV_CSR_SOURCE_UPLOADED &&
	    sha256_equal(&rq->uploaded_spki, spki))
		return true;
	return en != NULL && held != NULL && strcmp(held, en->id) == 0;
}

static bool
key_certified(const struct subject *s, const struct ev_sha256 *spki)
{
	for (size_t i = 0; i < s->st.certificates.count; i++) {
		const struct wf_certificate_state *c =
			&s->st.certificates.items[i];

		if (!c->given_up && sha256_equal(&c->spki_sha256, spki))
			return true;
	}
	return false;
}

bool
subject_key_used(const struct subject *s, const struct ev_sha256 *spki,
		 const struct wf_request *except)
{
	if (key_certified(s, spki))
		return true;
	for (size_t i = 0; i < s->st.requests.count; i++) {
		const struct wf_request *rq = &s->st.requests.items[i];

		if (rq != except && request_holds_key(s, rq, spki))
			return true;
	}
	return false;
}

bool
subject_known_key(const struct subject *s, size_t i, struct wf_known_key *out)
{
	const struct ev_sha256 *spki = NULL;

	for (size_t n = 0; n < s->st.enrolments.count; n++) {
		const struct wf_enrolment *en = &s->st.enrolments.items[n];

		if (en->has_key && i-- == 0)
			spki = &en->spki_sha256;
		if (spki != NULL)
			break;
	}
	for (size_t n = 0; spki == NULL && n < s->st.requests.count; n++) {
		const struct wf_request *rq = &s->st.requests.items[n];

		if (rq->submission.csr_source == EV_CSR_SOURCE_UPLOADED &&
		    i-- == 0)
			spki = &rq->uploaded_spki;
	}
	if (spki == NULL)
		return false;
	out->spki_sha256 = *spki;
	out->certified = key_certified(s, spki);
	return true;
}

static size_t
known_keys(const struct subject *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->st.enrolments.count; i++)
		n += s->st.enrolments.items[i].has_key;
	for (size_t i = 0; i < s->st.requests.count; i++)
		n += s->st.requests.items[i].submission.csr_source ==
		     EV_CSR_SOURCE_UPLOADED;
	return n;
}

bool
subject_claim(const struct subject *s, size_t i, struct ev_sha256 *out)
{
	size_t keys = known_keys(s);
	struct wf_known_key key;

	if (i < keys) {
		if (!subject_known_key(s, i, &key))
			return false;
		*out = key.spki_sha256;
		return true;
	}
	i -= keys;
	if (i < s->st.enrolments.count)
		return wf_id_digest(WF_ID_ENROLMENT,
				    s->st.enrolments.items[i].id, out);
	i -= s->st.enrolments.count;
	if (i < s->st.requests.count)
		return wf_id_digest(WF_ID_REQUEST, s->st.requests.items[i].id,
				    out);
	i -= s->st.requests.count;
	return i < s->st.status_changes.count &&
	       wf_id_digest(WF_ID_STATUS_CHANGE,
			    s->st.status_changes.items[i].id, out);
}
