#include "bench.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

#define ORDER "aaaaaaaa-0000-4000-8000-000000000001"

static int64_t clock_us = NOW_US; /* each test is a process of its own */

static int64_t
now(void)
{
	return clock_us;
}

void
bench_clock(int64_t us)
{
	clock_us = us;
}

static bool
sign(void *self, unsigned lane, enum pki_signature kind, struct bytes data,
     struct buffer *signature, struct err *e)
{
	struct bench *b = self;

	cr_assert_lt(lane, 2);
	if (b->token_away)
		return ERR_SET(e, ERR_RETRY, "hsm", 0, "token away");
	b->signatures++;
	test_sign(b->key, kind, data, signature);
	return true;
}

void
bench_certificate(struct bench *b, const char *key_name, int64_t not_after)
{
	AUTO(evp_pkey) EVP_PKEY *key = test_key(key_name);
	AUTO(buffer) struct buffer spki = { 0 }, tbs = { 0 }, der = { 0 };
	char serial[PKI_SERIAL_TEXT_MAX];
	struct err e = { 0 };

	test_spki(key, &spki);
	cr_assert(pki_serial_draw(serial, &e));
	cr_assert(pki_responder_tbs(b->ca, buffer_view(&spki), serial,
				    NOW_US - DAY_US, not_after, &tbs, &e),
		  "%s", e.text);
	test_certificate(buffer_view(&tbs), b->ca, b->ca_key, &der);
	cr_assert(file_write(b->path, buffer_view(&der), 0600, &e));
}

static void
open_responder(struct bench *b)
{
	const char *ca = b->ca_path, *path = b->path;
	const struct identity_files files = { &ca, &path, 1 };
	struct responder_config cfg = {
		.sign = sign,
		.self = b,
		.lanes = 2,
		.validity_us = 60 * MINUTE_US,
		.reuse_us = MINUTE_US,
		.reuse_places = 64,
		.now = now,
	};
	struct pki_ca *const *cas;
	struct err e = { 0 };
	size_t count;

	cr_assert(identity_open(&files, &b->identity, &e), "%s", e.text);
	cas = identity_cas(b->identity, &count);
	cr_assert(known_new(cas, count, LIMIT_US, &b->known, &e));
	cfg.identity = b->identity;
	cfg.known = b->known;
	cr_assert(responder_open(&cfg, &b->responder, &e));
}

struct bench *
bench_open(void)
{
	struct bench *b = calloc(1, sizeof(*b));
	struct err e = { 0 };

	cr_assert_not_null(b);
	strcpy(b->dir, "/tmp/certflow-ocsp-XXXXXX");
	cr_assert_not_null(mkdtemp(b->dir));
	snprintf(b->ca_path, sizeof(b->ca_path), "%s/ca.der", b->dir);
	snprintf(b->path, sizeof(b->path), "%s/ocsp.der", b->dir);
	b->ca_key = test_key("ca-p256");
	b->key = test_key("p256");
	b->ca = test_root("ca-p256");
	b->now = NOW_US - DAY_US;
	cr_assert(file_write(b->ca_path, buffer_view(&b->ca->der), 0600, &e));
	bench_certificate(b, "p256", NOW_US + 30 * DAY_US);
	open_responder(b);
	bench_read_ago(b, 0);
	return b;
}

void
bench_close(struct bench *b)
{
	responder_close(b->responder);
	known_free(b->known);
	identity_close(b->identity);
	buffer_free(&b->answer.der);
	OCSP_BASICRESP_free(b->basic);
	pki_ca_free(b->ca);
	EVP_PKEY_free(b->key);
	EVP_PKEY_free(b->ca_key);
	unlink(b->ca_path);
	unlink(b->path);
	rmdir(b->dir);
	free(b);
}

static void
apply(struct bench *b, struct event ev)
{
	struct err e = { 0 };

	b->now += US_PER_S;
	ev.meta.recorded_at = &b->now;
	cr_assert(known_apply(b->known, &ev, &e), "%s", e.text);
}

void
bench_ordered(struct bench *b, const char *serial)
{
	AUTO(buffer) struct buffer tbs = { 0 };

	test_tbs(b->ca, "rsa2048", &tbs);
	apply(b,
	      (struct event){ .type = EVENT_ISSUANCE_ORDERED,
			      .issuance_ordered = {
				      .meta.event_id = ORDER,
				      .serial_number = serial,
				      .not_after = NOW_US + DAY_US,
				      .tbs_certificate = buffer_view(&tbs) } });
}

void
bench_issued(struct bench *b, const char *serial)
{
	bench_ordered(b, serial);
	apply(b, (struct event){
			 .type = EVENT_CERTIFICATE_ISSUED,
			 .certificate_issued = { .order_id = ORDER,
						 .serial_number = serial } });
}

void
bench_revoked(struct bench *b, const char *serial,
	      enum ev_revocation_reason reason)
{
	apply(b, (struct event){
			 .type = EVENT_CERTIFICATE_REVOKED,
			 .certificate_revoked = { .serial_number = serial,
						  .reason = reason,
						  .effective_at = b->now } });
}

void
bench_suspended(struct bench *b, const char *serial)
{
	apply(b, (struct event){
			 .type = EVENT_CERTIFICATE_SUSPENDED,
			 .certificate_suspended = { .serial_number = serial,
						    .effective_at = b->now } });
}

void
bench_resumed(struct bench *b, const char *serial)
{
	apply(b, (struct event){
			 .type = EVENT_CERTIFICATE_RESUMED,
			 .certificate_resumed = { .serial_number = serial,
						  .effective_at = b->now } });
}

void
bench_read_ago(struct bench *b, int64_t us)
{
	known_until(b->known, NOW_US - us, clock_monotonic_us() - us);
}

int
bench_ask(struct bench *b, struct bytes request)
{
	buffer_free(&b->answer.der);
	OCSP_BASICRESP_free(b->basic);
	responder_ask(b->responder, request, &b->answer);
	return test_read_answer(buffer_view(&b->answer.der), &b->basic);
}

int
bench_ask_about(struct bench *b, const char *serial, bool nonce)
{
	AUTO(ocsp_request) OCSP_REQUEST *request = OCSP_REQUEST_new();
	AUTO(buffer) struct buffer der = { 0 };
	int code;

	test_ask(request, EVP_sha1(), b->ca, serial);
	if (nonce)
		cr_assert_eq(OCSP_request_add1_nonce(request, NULL, 16), 1);
	test_request_der(request, &der);
	code = bench_ask(b, buffer_view(&der));
	if (b->basic != NULL) {
		cr_assert(test_answer_verifies(b->basic, b->ca));
		cr_assert_eq(OCSP_check_nonce(request, b->basic),
			     nonce ? 1 : 2);
	}
	return code;
}

int
bench_status(const struct bench *b, int *reason)
{
	*reason = -1;
	return OCSP_single_get0_status(OCSP_resp_get0(b->basic, 0), reason,
				       NULL, NULL, NULL);
}
