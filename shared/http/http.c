#include "http/http.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct http_server {
	struct http_spec spec;
	struct MHD_Daemon *daemon;
};

/* One request on its way in. */
struct arriving {
	struct buffer body;
	bool refused; /* an answer is queued */
};

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

void
http_header(struct http_answer *a, const char *name, const char *value)
{
	size_t len = strlen(value);

	if (a->header_count == HTTP_HEADERS_MAX || len >= HTTP_HEADER_VALUE_MAX)
		return;
	a->headers[a->header_count].name = name;
	memcpy(a->headers[a->header_count].value, value, len + 1);
	a->header_count++;
}

/* Takes the body over. */
static enum MHD_Result
queue(struct MHD_Connection *connection, struct http_answer *a)
{
	struct MHD_Response *r = MHD_create_response_from_buffer(
		a->body.len, a->body.data, MHD_RESPMEM_MUST_FREE);
	enum MHD_Result rc;

	if (r == NULL) {
		buffer_free(&a->body);
		return MHD_NO;
	}
	if (a->type != NULL)
		(void)MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE,
					      a->type);
	for (size_t i = 0; i < a->header_count; i++)
		(void)MHD_add_response_header(r, a->headers[i].name,
					      a->headers[i].value);
	rc = MHD_queue_response(connection, a->status, r);
	MHD_destroy_response(r);
	return rc;
}

static enum MHD_Result
refuse(struct MHD_Connection *connection, struct arriving *in)
{
	struct http_answer a = { .status = HTTP_TOO_LARGE };

	in->refused = true;
	return queue(connection, &a);
}

static const char *
header(struct MHD_Connection *connection, const char *name)
{
	const char *value =
		MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);

	return value == NULL ? "" : value;
}

/* A length that says so is refused before a single octet is taken in. */
static enum MHD_Result
begin(const struct http_server *s, struct MHD_Connection *connection,
      void **context)
{
	const char *length = header(connection, MHD_HTTP_HEADER_CONTENT_LENGTH);
	struct arriving *in = calloc(1, sizeof(*in));

	if (in == NULL)
		return MHD_NO;
	*context = in;
	if (strtoull(length, NULL, 10) > s->spec.body_max)
		return refuse(connection, in);
	return MHD_YES;
}

/* Chunks without an announced length: too many end the connection. */
static enum MHD_Result
take(const struct http_server *s, struct arriving *in, const char *data,
     size_t *len)
{
	struct err e;

	if (in->refused || *len > s->spec.body_max - in->body.len ||
	    !buffer_add(&in->body, data, *len, &e))
		return MHD_NO;
	*len = 0;
	return MHD_YES;
}

static enum MHD_Result
on_request(void *self, struct MHD_Connection *connection, const char *url,
	   const char *method, const char *version, const char *data,
	   size_t *data_size, void **context)
{
	const struct http_server *s = self;
	struct arriving *in = *context;
	struct http_answer a = { .status = HTTP_OK };
	struct http_request request = { .method = method, .path = url };

	(void)version;
	if (in == NULL)
		return begin(s, connection, context);
	if (*data_size > 0)
		return take(s, in, data, data_size);
	if (in->refused)
		return MHD_YES;
	request.type = header(connection, MHD_HTTP_HEADER_CONTENT_TYPE);
	request.body = buffer_view(&in->body);
	s->spec.answer(s->spec.self, &request, &a);
	return queue(connection, &a);
}

static void
on_completed(void *self, struct MHD_Connection *connection, void **context,
	     enum MHD_RequestTerminationCode code)
{
	struct arriving *in = *context;

	(void)self;
	(void)connection;
	(void)code;
	if (in == NULL)
		return;
	buffer_free(&in->body);
	free(in);
	*context = NULL;
}

static bool
parse_address(const struct http_spec *spec, union address *out)
{
	*out = (union address){ 0 };
	if (inet_pton(AF_INET, spec->address, &out->v4.sin_addr) == 1) {
		out->v4.sin_family = AF_INET;
		out->v4.sin_port = htons((uint16_t)spec->port);
		return true;
	}
	if (inet_pton(AF_INET6, spec->address, &out->v6.sin6_addr) != 1)
		return false;
	out->v6.sin6_family = AF_INET6;
	out->v6.sin6_port = htons((uint16_t)spec->port);
	return true;
}

static bool
start(struct http_server *s, struct err *e)
{
	const struct http_spec *spec = &s->spec;
	unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_AUTO;
	unsigned threads = spec->threads > 1 ? spec->threads : 0;
	union address at;

	if (!parse_address(spec, &at))
		return ERR_SET(e, ERR_FATAL, "http", 0,
			       "%s is no numeric address", spec->address);
	if (at.any.sa_family == AF_INET6)
		flags |= MHD_USE_DUAL_STACK;
	s->daemon = MHD_start_daemon(
		flags, 0, NULL, NULL, on_request, s, MHD_OPTION_SOCK_ADDR,
		(const void *)&at, MHD_OPTION_THREAD_POOL_SIZE, threads,
		MHD_OPTION_CONNECTION_LIMIT, spec->connections,
		MHD_OPTION_PER_IP_CONNECTION_LIMIT,
		spec->connections_per_address, MHD_OPTION_CONNECTION_TIMEOUT,
		spec->timeout_s, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)HTTP_HEAD_MAX, MHD_OPTION_NOTIFY_COMPLETED,
		on_completed, NULL, MHD_OPTION_END);
	if (s->daemon == NULL)
		return ERR_SET(e, ERR_FATAL, "http", spec->port,
			       "cannot listen on %s:%d", spec->address,
			       spec->port);
	return true;
}

bool
http_server_open(const struct http_spec *spec, struct http_server **out,
		 struct err *e)
{
	AUTO(http_server) struct http_server *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return ERR_NO_MEMORY(e);
	s->spec = *spec;
	if (!start(s, e))
		return false;
	*out = TAKE(s);
	return true;
}

void
http_server_close(struct http_server *s)
{
	if (s == NULL)
		return;
	if (s->daemon != NULL)
		MHD_stop_daemon(s->daemon);
	free(s);
}
