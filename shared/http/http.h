/*
 * http.h - a small HTTP/1.1 server for hostile clients.
 *
 * The folder is the one door to GNU libmicrohttpd.  What a client may cost is
 * bounded before a handler sees anything: connections, also for each address,
 * time without progress, the octets of head and body.  A handler answers one
 * whole request at a time; it is called by the server's own threads, several
 * at a time if there are several.
 */
#ifndef CERTFLOW_HTTP_HTTP_H
#define CERTFLOW_HTTP_HTTP_H

#include "base/bytes.h"

#define HTTP_HEADERS_MAX 8
#define HTTP_HEADER_VALUE_MAX 128
#define HTTP_HEAD_MAX (8u * 1024) /* request line and headers, octets */

#define HTTP_OK 200
#define HTTP_BAD_REQUEST 400
#define HTTP_NOT_FOUND 404
#define HTTP_METHOD_NOT_ALLOWED 405
#define HTTP_TOO_LARGE 413
#define HTTP_MEDIA_TYPE 415
#define HTTP_INTERNAL_ERROR 500
#define HTTP_UNAVAILABLE 503

/* Borrowed for the call of the handler. */
struct http_request {
	const char *method; /* "GET", as it came            */
	const char *path;   /* percent-decoded, no query    */
	const char *type;   /* Content-Type; "" if not given */
	struct bytes body;
};

/* Filled by the handler; begins as 200 without a body. */
struct http_answer {
	unsigned status;
	const char *type; /* Content-Type, a literal; NULL: none */
	struct buffer body;
	struct {
		const char *name; /* a literal */
		char value[HTTP_HEADER_VALUE_MAX];
	} headers[HTTP_HEADERS_MAX];
	size_t header_count;
};

/** One more header of an answer; a value too long, or one too many, is left
 * out. */
void http_header(struct http_answer *a, const char *name, const char *value);

struct http_spec {
	const char *address; /* numeric, "127.0.0.1", "::"; borrowed       */
	int port;
	unsigned threads;                 /* that call the handler, from 1 */
	unsigned connections;             /* at a time                     */
	unsigned connections_per_address; /* 0: no limit of its own    */
	unsigned timeout_s;               /* without progress              */
	size_t body_max;                  /* larger: 413                   */
	/** Any of the server's threads. */
	void (*answer)(void *self, const struct http_request *request,
		       struct http_answer *answer);
	void *self;
};

struct http_server;

/** ERR_FATAL: no such address, port in use. Release with http_server_close().
 */
bool http_server_open(const struct http_spec *spec, struct http_server **out,
		      struct err *e) MUST_CHECK;

/** Ends after the handlers that are running. NULL is fine. */
void http_server_close(struct http_server *s);
DEFINE_AUTO(http_server, struct http_server *, http_server_close);

#endif
