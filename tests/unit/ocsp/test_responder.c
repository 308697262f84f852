/* Answers: what is said of a certificate, when nothing may be said, and when
 * an answer is said again. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "base/clock.h"
#include "bench.h"

#define SUCCESSFUL 0
#define MALFORMED 1
#define TRY_LATER 3

static void
expect(struct bench *b, int status, int reason, enum responder_outcome outcome)
{
	int why;

	cr_assert_eq(bench_ask_about(b, SERIAL, false), SUCCESSFUL);
	cr_assert_eq(bench_status(b, &why), status);
	cr_assert_eq(why, reason, "reason %d", why);
	cr_assert_eq(b->answer.outcome, outcome);
}

Test(ocsp_responder, the_life_of_a_certificate)
{
	struct bench *b = bench_open();

	expect(b, V_OCSP_CERTSTATUS_UNKNOWN, -1, RESPONDER_UNKNOWN);
	bench_issued(b, SERIAL);
	expect(b, V_OCSP_CERTSTATUS_GOOD, -1, RESPONDER_GOOD);
	bench_suspended(b, SERIAL);
	expect(b, V_OCSP_CERTSTATUS_REVOKED,
	       OCSP_REVOKED_STATUS_CERTIFICATEHOLD, RESPONDER_REVOKED);
	bench_resumed(b, SERIAL);
	expect(b, V_OCSP_CERTSTATUS_GOOD, -1, RESPONDER_GOOD);
	bench_revoked(b, SERIAL, EV_REVOCATION_REASON_PRIVILEGE_WITHDRAWN);
	expect(b, V_OCSP_CERTSTATUS_REVOKED, 9, RESPONDER_REVOKED);
	bench_close(b);
}

Test(ocsp_responder, no_reason_is_none)
{
	struct bench *b = bench_open();

	bench_issued(b, SERIAL);
	bench_revoked(b, SERIAL, EV_REVOCATION_REASON_UNSPECIFIED);
	expect(b, V_OCSP_CERTSTATUS_REVOKED, -1, RESPONDER_REVOKED);
	bench_close(b);
}

/* What was not read lately is not said, not even out of what was signed. */
Test(ocsp_responder, nothing_is_said_of_old_knowledge)
{
	struct bench *b = bench_open();

	bench_issued(b, SERIAL);
	cr_assert_eq(bench_ask_about(b, SERIAL, false), SUCCESSFUL);
	bench_read_ago(b, LIMIT_US + US_PER_S);
	cr_assert_eq(bench_ask_about(b, SERIAL, false), TRY_LATER);
	cr_assert_eq(bench_ask_about(b, SERIAL, true), TRY_LATER);
	cr_assert_eq(b->answer.outcome, RESPONDER_TRY_LATER);
	/* A bad request is one at any time. */
	cr_assert_eq(bench_ask(b, bytes_of("0", 1)), MALFORMED);
	bench_read_ago(b, LIMIT_US / 2);
	cr_assert_eq(bench_ask_about(b, SERIAL, true), SUCCESSFUL);
	cr_assert_eq(b->answer.this_update, NOW_US - LIMIT_US / 2);
	cr_assert_eq(b->answer.next_update,
		     NOW_US - LIMIT_US / 2 + 60 * MINUTE_US);
	bench_close(b);
}

Test(ocsp_responder, nothing_is_said_before_the_log_was_read)
{
	struct bench *b = bench_open();

	known_until(b->known, 0, 0);
	cr_assert_eq(bench_ask_about(b, SERIAL, true), TRY_LATER);
	cr_assert_eq(known_age(b->known, clock_monotonic_us()), -1);
	bench_close(b);
}

/* A change that came after the log's end was asked for. */
Test(ocsp_responder, as_of_is_never_before_the_change)
{
	struct bench *b = bench_open();

	bench_issued(b, SERIAL);
	b->now = NOW_US - 2 * US_PER_S;
	bench_revoked(b, SERIAL, EV_REVOCATION_REASON_SUPERSEDED);
	bench_read_ago(b, 10 * US_PER_S);
	cr_assert_eq(bench_ask_about(b, SERIAL, true), SUCCESSFUL);
	cr_assert_eq(b->answer.this_update, NOW_US - 2 * US_PER_S);
	bench_close(b);
}

Test(ocsp_responder, signed_once_while_nothing_changes)
{
	struct bench *b = bench_open();

	bench_issued(b, SERIAL);
	for (int i = 0; i < 5; i++)
		cr_assert_eq(bench_ask_about(b, SERIAL, false), SUCCESSFUL);
	cr_assert_eq(b->signatures, 1);
	cr_assert(b->answer.reused);
	/* A nonce is answered with a signature of its own. */
	cr_assert_eq(bench_ask_about(b, SERIAL, true), SUCCESSFUL);
	cr_assert_not(b->answer.reused);
	cr_assert_eq(b->signatures, 2);
	bench_suspended(b, SERIAL);
	expect(b, V_OCSP_CERTSTATUS_REVOKED, 6, RESPONDER_REVOKED);
	cr_assert_eq(b->signatures, 3);
	bench_resumed(b, SERIAL);
	expect(b, V_OCSP_CERTSTATUS_GOOD, -1, RESPONDER_GOOD);
	bench_close(b);
}

Test(ocsp_responder, an_old_answer_is_not_said_again)
{
	struct bench *b = bench_open();

	bench_issued(b, SERIAL);
	known_until(b->known, NOW_US - MINUTE_US - US_PER_S,
		    clock_monotonic_us());
	cr_assert_eq(bench_ask_about(b, SERIAL, false), SUCCESSFUL);
	bench_read_ago(b, 0);
	cr_assert_eq(bench_ask_about(b, SERIAL, false), SUCCESSFUL);
	cr_assert_eq(b->signatures, 2);
	cr_assert_eq(b->answer.this_update, NOW_US);
	bench_close(b);
}

Test(ocsp_responder, a_clock_that_is_set_back)
{
	struct bench *b = bench_open();

	bench_issued(b, SERIAL);
	cr_assert_eq(bench_ask_about(b, SERIAL, false), SUCCESSFUL);
	bench_clock(NOW_US - MINUTE_US / 2);
	cr_assert_eq(bench_ask_about(b, SERIAL, false), SUCCESSFUL);
	cr_assert_eq(b->answer.this_update, NOW_US - MINUTE_US / 2);
	cr_assert_eq(b->signatures, 2);
	bench_close(b);
}

Test(ocsp_responder, token_away)
{
	struct bench *b = bench_open();

	b->token_away = true;
	cr_assert_eq(bench_ask_about(b, SERIAL, true), TRY_LATER);
	b->token_away = false;
	cr_assert_eq(bench_ask_about(b, SERIAL, true), SUCCESSFUL);
	bench_close(b);
}

Test(ocsp_responder, several_certificates_at_once)
{
	AUTO(ocsp_request) OCSP_REQUEST *request = OCSP_REQUEST_new();
	AUTO(buffer) struct buffer der = { 0 };
	struct bench *b = bench_open();
	int why;

	bench_issued(b, SERIAL);
	test_ask(request, EVP_sha256(), b->ca, SERIAL);
	test_ask(request, EVP_sha1(), b->ca, "5b01");
	test_request_der(request, &der);
	for (int i = 0; i < 2; i++) {
		cr_assert_eq(bench_ask(b, buffer_view(&der)), SUCCESSFUL);
		cr_assert_eq(OCSP_resp_count(b->basic), 2);
		cr_assert_eq(bench_status(b, &why), V_OCSP_CERTSTATUS_GOOD);
		cr_assert_not(b->answer.reused);
	}
	bench_close(b);
}

/* --- the responder's certificate -------------------------------------------
 */

Test(ocsp_identity, renewed_while_running)
{
	struct bench *b = bench_open();
	struct papers *before = identity_take(b->identity);
	struct err e = { 0 };

	bench_issued(b, SERIAL);
	cr_assert_eq(bench_ask_about(b, SERIAL, false), SUCCESSFUL);
	bench_certificate(b, "p256", NOW_US + 60 * DAY_US);
	cr_assert(identity_watch(b->identity, &e));
	cr_assert_eq(identity_not_after(b->identity), NOW_US + 60 * DAY_US);
	/* Who is answering keeps what it has. */
	cr_assert_eq(before->of[0]->not_after, NOW_US + 30 * DAY_US);
	identity_return(b->identity, before);
	/* What the old one signed is not said again. */
	cr_assert_eq(bench_ask_about(b, SERIAL, false), SUCCESSFUL);
	cr_assert_eq(b->signatures, 2);
	bench_close(b);
}

Test(ocsp_identity, what_cannot_be_used_is_not)
{
	struct bench *b = bench_open();
	struct err e = { 0 };

	cr_assert(file_write(b->path, bytes_of("0", 1), 0600, &e));
	cr_assert(identity_watch(b->identity, &e));
	cr_assert_eq(bench_ask_about(b, SERIAL, true), SUCCESSFUL);
	bench_close(b);
}

Test(ocsp_identity, another_key_needs_a_new_start)
{
	struct bench *b = bench_open();
	struct err e = { 0 };

	bench_certificate(b, "rsa2048", NOW_US + 60 * DAY_US);
	cr_assert_not(identity_watch(b->identity, &e));
	cr_assert_eq(e.kind, ERR_FATAL);
	bench_close(b);
}

Test(ocsp_identity, nothing_is_signed_with_an_ended_certificate)
{
	struct bench *b = bench_open();
	struct err e = { 0 };

	bench_certificate(b, "p256", NOW_US);
	cr_assert(identity_watch(b->identity, &e));
	cr_assert_eq(bench_ask_about(b, SERIAL, true), TRY_LATER);
	cr_assert_eq(b->signatures, 0);
	bench_certificate(b, "p256", NOW_US + MINUTE_US);
	cr_assert(identity_watch(b->identity, &e));
	cr_assert_eq(bench_ask_about(b, SERIAL, true), SUCCESSFUL);
	cr_assert_eq(b->answer.next_update, NOW_US + MINUTE_US);
	bench_close(b);
}

Test(ocsp_identity, no_certificate_yet)
{
	const char *ca = "/dev/null", *path = "/nonexistent/ocsp.pem";
	const struct identity_files files = { &ca, &path, 1 };
	struct identity *id = NULL;
	struct err e = { 0 };

	cr_assert_not(identity_open(&files, &id, &e));
	cr_assert_eq(e.kind, ERR_RETRY);
}
