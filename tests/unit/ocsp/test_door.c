/* OCSP as HTTP carries it. */
#include <criterion/criterion.h>
#include <openssl/evp.h>
#include <string.h>

#include "bench.h"
#include "ocsp/door.h"

#define TYPE "application/ocsp-request"

struct hall {
	struct bench *bench;
	struct metrics *metrics;
	struct door door;
	struct buffer der; /* a good request */
	struct http_answer answer;
};

static struct hall
start(void)
{
	struct hall h = { .bench = bench_open() };
	struct err e = { 0 };

	cr_assert(metrics_new(&h.metrics, &e));
	h.door = (struct door){ .responder = h.bench->responder,
				.max_age_us = MINUTE_US };
	door_metrics(&h.door, h.metrics);
	bench_issued(h.bench, SERIAL);
	test_simple_request(h.bench->ca, SERIAL, &h.der);
	return h;
}

static void
end(struct hall *h)
{
	buffer_free(&h->answer.body);
	buffer_free(&h->der);
	metrics_free(h->metrics);
	bench_close(h->bench);
}

static unsigned
ask(struct hall *h, const char *method, const char *path, const char *type,
    struct bytes body)
{
	const struct http_request request = { method, path, type, body };

	buffer_free(&h->answer.body);
	h->answer = (struct http_answer){ .status = HTTP_OK };
	door_answer(&h->door, &request, &h->answer);
	return h->answer.status;
}

/* Status of the OCSPResponse in the last answer. */
static int
code(const struct hall *h)
{
	AUTO(ocsp_basic) OCSP_BASICRESP *basic = NULL;

	cr_assert_str_eq(h->answer.type, "application/ocsp-response");
	return test_read_answer(buffer_view(&h->answer.body), &basic);
}

static const char *
header(const struct hall *h, const char *name)
{
	for (size_t i = 0; i < h->answer.header_count; i++)
		if (strcmp(h->answer.headers[i].name, name) == 0)
			return h->answer.headers[i].value;
	return "";
}

Test(ocsp_door, post)
{
	struct hall h = start();
	struct bytes der = buffer_view(&h.der);

	cr_assert_eq(ask(&h, "POST", "/", TYPE, der), HTTP_OK);
	cr_assert_eq(code(&h), 0);
	cr_assert_str_eq(header(&h, "Cache-Control"), "no-store");
	cr_assert_eq(ask(&h, "POST", "/ocsp", TYPE "; a=b", der), HTTP_OK);
	cr_assert_eq(ask(&h, "POST", "/ocsp/", "APPLICATION/OCSP-Request", der),
		     HTTP_OK);
	cr_assert_eq(ask(&h, "POST", "/x", TYPE, der), HTTP_NOT_FOUND);
	cr_assert_eq(ask(&h, "POST", "/", "text/plain", der), HTTP_MEDIA_TYPE);
	cr_assert_eq(ask(&h, "POST", "/", TYPE "s", der), HTTP_MEDIA_TYPE);
	cr_assert_eq(ask(&h, "POST", "/", "", der), HTTP_MEDIA_TYPE);
	cr_assert_eq(ask(&h, "PUT", "/", TYPE, der), HTTP_METHOD_NOT_ALLOWED);
	cr_assert_eq(ask(&h, "POST", "/", TYPE, (struct bytes){ 0 }), HTTP_OK);
	cr_assert_eq(code(&h), 1);
	end(&h);
}

Test(ocsp_door, get)
{
	char base64[1024], path[1100];
	struct hall h = start();

	EVP_EncodeBlock((unsigned char *)base64, h.der.data, (int)h.der.len);
	snprintf(path, sizeof(path), "/%s", base64);
	cr_assert_eq(ask(&h, "GET", path, "", (struct bytes){ 0 }), HTTP_OK);
	cr_assert_eq(code(&h), 0);
	snprintf(path, sizeof(path), "/ocsp/%s", base64);
	cr_assert_eq(ask(&h, "GET", path, "", (struct bytes){ 0 }), HTTP_OK);
	cr_assert_eq(code(&h), 0);
	cr_assert(h.bench->signatures == 1);
	cr_assert_str_eq(header(&h, "Last-Modified"),
			 "Mon, 02 Mar 2026 09:15:00 GMT");
	cr_assert_not_null(strstr(header(&h, "Cache-Control"), "max-age="));
	cr_assert_eq(ask(&h, "GET", "/", "", (struct bytes){ 0 }),
		     HTTP_NOT_FOUND);
	cr_assert_eq(ask(&h, "GET", "/ocsp", "", (struct bytes){ 0 }),
		     HTTP_NOT_FOUND);
	cr_assert_eq(ask(&h, "GET", "/favicon.ico", "", (struct bytes){ 0 }),
		     HTTP_OK);
	cr_assert_eq(code(&h), 1);
	cr_assert_str_eq(header(&h, "Cache-Control"), "no-store");
	end(&h);
}

Test(ocsp_door, what_was_said_to_one_is_not_kept_for_others)
{
	AUTO(ocsp_request) OCSP_REQUEST *request = OCSP_REQUEST_new();
	char base64[1024], path[1100];
	struct hall h = start();

	test_ask(request, EVP_sha1(), h.bench->ca, SERIAL);
	cr_assert_eq(OCSP_request_add1_nonce(request, NULL, 16), 1);
	h.der.len = 0;
	test_request_der(request, &h.der);
	EVP_EncodeBlock((unsigned char *)base64, h.der.data, (int)h.der.len);
	snprintf(path, sizeof(path), "/%s", base64);
	cr_assert_eq(ask(&h, "GET", path, "", (struct bytes){ 0 }), HTTP_OK);
	cr_assert_eq(code(&h), 0);
	cr_assert_str_eq(header(&h, "Cache-Control"), "no-store");
	end(&h);
}

Test(ocsp_door, what_cannot_be_said_is_not_kept)
{
	char base64[1024], path[1100];
	struct hall h = start();

	EVP_EncodeBlock((unsigned char *)base64, h.der.data, (int)h.der.len);
	snprintf(path, sizeof(path), "/%s", base64);
	bench_read_ago(h.bench, 2 * LIMIT_US);
	cr_assert_eq(ask(&h, "GET", path, "", (struct bytes){ 0 }), HTTP_OK);
	cr_assert_eq(code(&h), 3);
	cr_assert_str_eq(header(&h, "Cache-Control"), "no-store");
	cr_assert_eq(metric_get(h.door.answers[RESPONDER_TRY_LATER]), 1);
	end(&h);
}
