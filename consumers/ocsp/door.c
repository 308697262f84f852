#include "ocsp/door.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/clock.h"

#define TYPE_REQUEST "application/ocsp-request"
#define TYPE_RESPONSE "application/ocsp-response"
#define PREFIX "/ocsp" /* may stand before everything, for a proxy's sake */

void
door_metrics(struct door *d, struct metrics *m)
{
	char labels[64];

	for (int i = 0; i < RESPONDER__COUNT; i++) {
		(void)snprintf(
			labels, sizeof(labels), "outcome=\"%s\"",
			responder_outcome_name((enum responder_outcome)i));
		d->answers[i] = metrics_add(m, METRIC_COUNTER,
					    "certflow_ocsp_answers_total",
					    labels, "OCSP answers given");
	}
	d->reused = metrics_add(m, METRIC_COUNTER, "certflow_ocsp_reused_total",
				NULL, "answers that were signed before");
	d->refused = metrics_add(m, METRIC_COUNTER,
				 "certflow_ocsp_http_refused_total", NULL,
				 "HTTP requests that are not OCSP");
}

/* What follows our name, if it is there, and the slashes: a client appends one
 * to an address that may end in one, and no request begins with one (its
 * base64 begins with M). */
static const char *
rest_of(const char *path)
{
	size_t n = sizeof(PREFIX) - 1;

	if (strncmp(path, PREFIX, n) == 0 &&
	    (path[n] == '/' || path[n] == '\0'))
		path += n;
	return path + strspn(path, "/");
}

static bool
is_type(const char *type)
{
	size_t n = sizeof(TYPE_REQUEST) - 1;

	return strncasecmp(type, TYPE_REQUEST, n) == 0 &&
	       strchr("; \t", type[n]) != NULL;
}

/* The octets that are asked, appended to out, or an HTTP status. */
static unsigned
take(const struct http_request *request, struct buffer *out)
{
	const char *rest = rest_of(request->path);
	struct err e;

	if (strcmp(request->method, "POST") == 0) {
		if (*rest != '\0')
			return HTTP_NOT_FOUND;
		if (!is_type(request->type))
			return HTTP_MEDIA_TYPE;
		return buffer_add(out, request->body.data, request->body.len,
				  &e)
			       ? HTTP_OK
			       : HTTP_INTERNAL_ERROR;
	}
	if (strcmp(request->method, "GET") != 0)
		return HTTP_METHOD_NOT_ALLOWED;
	if (*rest == '\0')
		return HTTP_NOT_FOUND;
	/* What is not base64 is no request: malformedRequest says so. */
	if (!pki_ocsp_from_path(rest, out, &e))
		out->len = 0;
	return HTTP_OK;
}

/* RFC 9110, 5.6.7. */
static void
http_time(struct http_answer *a, const char *name, int64_t us)
{
	static const char *const days[] = { "Sun", "Mon", "Tue", "Wed",
					    "Thu", "Fri", "Sat" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr",
					      "May", "Jun", "Jul", "Aug",
					      "Sep", "Oct", "Nov", "Dec" };
	char text[HTTP_HEADER_VALUE_MAX];
	time_t at = (time_t)(us / US_PER_S);
	struct tm t;

	if (gmtime_r(&at, &t) == NULL)
		return;
	(void)snprintf(text, sizeof(text),
		       "%s, %02d %s %04d %02d:%02d:%02d GMT", days[t.tm_wday],
		       t.tm_mday, months[t.tm_mon], t.tm_year + 1900, t.tm_hour,
		       t.tm_min, t.tm_sec);
	http_header(a, name, text);
}

/* RFC 5019, 6.2; but caches between keep an answer for less than it is
 * valid, so that a revocation gets through. */
static void
may_be_kept(const struct door *d, const struct responder_answer *from,
	    struct http_answer *a)
{
	int64_t now = clock_now_us();
	int64_t until = now + d->max_age_us;
	char text[HTTP_HEADER_VALUE_MAX];

	if (until > from->next_update)
		until = from->next_update;
	(void)snprintf(text, sizeof(text),
		       "max-age=%lld, public, no-transform, must-revalidate",
		       (long long)(until > now ? (until - now) / US_PER_S : 0));
	http_header(a, "Cache-Control", text);
	http_time(a, "Last-Modified", from->this_update);
	http_time(a, "Expires", until);
}

void
door_answer(void *self, const struct http_request *request,
	    struct http_answer *answer)
{
	struct door *d = self;
	AUTO(buffer) struct buffer der = { 0 };
	struct responder_answer out;

	answer->status = take(request, &der);
	if (answer->status != HTTP_OK) {
		metric_inc(d->refused, 1);
		return;
	}
	responder_ask(d->responder, buffer_view(&der), &out);
	metric_inc(d->answers[out.outcome], 1);
	if (out.reused)
		metric_inc(d->reused, 1);
	if (out.der.len == 0)
		answer->status = HTTP_INTERNAL_ERROR; /* no memory */
	answer->body = out.der;
	answer->type = TYPE_RESPONSE;
	if (out.this_update != 0 && !out.for_one && *request->method == 'G')
		may_be_kept(d, &out, answer);
	else
		http_header(answer, "Cache-Control", "no-store");
}
