#include "server.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static enum MHD_Result
answer(struct server *s, struct MHD_Connection *connection)
{
	size_t times = s->repeat == 0 ? 1 : s->repeat;
	size_t len = strlen(s->body);
	char *body = malloc(times * len + 1);
	struct MHD_Response *r;
	enum MHD_Result rc;

	for (size_t i = 0; i < times; i++)
		memcpy(body + i * len, s->body, len);
	usleep((unsigned)s->delay_ms * 1000);
	r = MHD_create_response_from_buffer(times * len, body,
					    MHD_RESPMEM_MUST_FREE);
	rc = MHD_queue_response(connection, s->status, r);
	MHD_destroy_response(r);
	return rc;
}

static enum MHD_Result
on_request(void *self, struct MHD_Connection *connection, const char *url,
	   const char *method, const char *version, const char *data,
	   size_t *data_size, void **context)
{
	struct server *s = self;

	(void)method;
	(void)version;
	if (*context == NULL) {
		*context = s;
		s->requests++;
		s->asked[0] = '\0';
		snprintf(s->path, sizeof(s->path), "%s", url);
		return MHD_YES;
	}
	if (*data_size > 0) {
		strncat(s->asked, data,
			*data_size < 400 ? *data_size : (size_t)400);
		*data_size = 0;
		return MHD_YES;
	}
	return answer(s, connection);
}

void
server_open(struct server *s)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr = { htonl(INADDR_LOOPBACK) } };

	*s = (struct server){ .status = 200, .body = "{}" };
	s->daemon = MHD_start_daemon(
		MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_AUTO, 0, NULL, NULL,
		on_request, s, MHD_OPTION_SOCK_ADDR, (const void *)&at,
		MHD_OPTION_END);
	cr_assert_not_null(s->daemon);
	snprintf(s->url, sizeof(s->url), "http://127.0.0.1:%u/v7/",
		 (unsigned)MHD_get_daemon_info(s->daemon,
					       MHD_DAEMON_INFO_BIND_PORT)
			 ->port);
}

void
server_close(struct server *s)
{
	MHD_stop_daemon(s->daemon);
}
