/* The HTTP server, asked over sockets as clients and others do. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "http/http.h"

#define BODY_MAX 1000

/* Says what it was asked. */
static void
echo(void *self, const struct http_request *request, struct http_answer *answer)
{
	char head[512];
	struct err e;

	(void)self;
	snprintf(head, sizeof(head), "%s %s %s %zu ", request->method,
		 request->path, request->type, request->body.len);
	cr_assert(buffer_add(&answer->body, head, strlen(head), &e));
	answer->type = "text/plain";
	http_header(answer, "X-Test", "yes");
}

static int
connect_to(int port)
{
	const struct sockaddr_in at = { .sin_family = AF_INET,
					.sin_port = htons((uint16_t)port),
					.sin_addr = {
						htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	cr_assert_eq(connect(fd, (const struct sockaddr *)(const void *)&at,
			     sizeof(at)),
		     0);
	return fd;
}

/* A port that was free a moment ago. */
static int
free_port(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	cr_assert_eq(bind(fd, (struct sockaddr *)(void *)&at, sizeof(at)), 0);
	cr_assert_eq(getsockname(fd, (struct sockaddr *)(void *)&at, &len), 0);
	close(fd);
	return ntohs(at.sin_port);
}

static struct http_server *
serve(struct http_spec *spec)
{
	struct http_server *s = NULL;
	struct err e = { 0 };

	spec->address = spec->address == NULL ? "127.0.0.1" : spec->address;
	spec->connections = spec->connections == 0 ? 20 : spec->connections;
	spec->timeout_s = 1;
	spec->body_max = BODY_MAX;
	spec->answer = echo;
	for (int i = 0; i < 10 && s == NULL; i++) {
		spec->port = free_port();
		if (!http_server_open(spec, &s, &e))
			s = NULL;
	}
	cr_assert_not_null(s, "%s", e.text);
	return s;
}

static void
send_all(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, text, len, MSG_NOSIGNAL);

		if (n <= 0)
			return; /* the server has had enough */
		text += n;
		len -= (size_t)n;
	}
}

/* Until the server closes, or says nothing for 3 s. @return octets */
static size_t
receive(int fd, char *out, size_t size)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	size_t len = 0;

	while (len < size - 1 && poll(&p, 1, 3000) > 0) {
		ssize_t n = recv(fd, out + len, size - 1 - len, 0);

		if (n <= 0)
			break;
		len += (size_t)n;
	}
	out[len] = '\0';
	return len;
}

/* One connection, one request, all that comes back. */
static void
expect(int port, const char *request, const char *wanted)
{
	char answer[4096];
	int fd = connect_to(port);

	send_all(fd, request, strlen(request));
	receive(fd, answer, sizeof(answer));
	close(fd);
	cr_assert_not_null(strstr(answer, wanted), "\"%s\" gave \"%s\"",
			   request, answer);
}

Test(http, requests)
{
	struct http_spec spec = { .threads = 2 };
	AUTO(http_server) struct http_server *s = serve(&spec);

	expect(spec.port,
	       "GET /a HTTP/1.1\r\nHost: x\r\nConnection: close"
	       "\r\n\r\n",
	       "GET /a  0 ");
	expect(spec.port, "GET /a HTTP/1.0\r\n\r\n", "X-Test: yes\r\n");
	/* What base64 has in it, bare and escaped; no query. */
	expect(spec.port, "GET /a+b//c=%2F%2B%3d?q HTTP/1.0\r\n\r\n",
	       "GET /a+b//c=/+=  0 ");
	expect(spec.port,
	       "POST / HTTP/1.0\r\nContent-Type: t/u\r\nContent-Length: 5"
	       "\r\n\r\nhello",
	       "POST / t/u 5 ");
	expect(spec.port,
	       "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
	       "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n"
	       "\r\n",
	       "POST /  5 ");
}

Test(http, too_much)
{
	static char long_head[HTTP_HEAD_MAX + 200] = "GET /";
	struct http_spec spec = { .threads = 1 };
	AUTO(http_server) struct http_server *s = serve(&spec);

	/* Refused by its announcement: the body is never sent. */
	expect(spec.port,
	       "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n",
	       " 413 ");
	memset(long_head + 5, 'a', sizeof(long_head) - 6);
	strcpy(long_head + sizeof(long_head) - 14, " HTTP/1.0\r\n\r\n");
	expect(spec.port, long_head, " 414 ");
}

Test(http, endless_chunks_end_the_connection)
{
	struct http_spec spec = { .threads = 1 };
	AUTO(http_server) struct http_server *s = serve(&spec);
	const char head[] = "POST / HTTP/1.1\r\nHost: x\r\n"
			    "Transfer-Encoding: chunked\r\n\r\n";
	char chunk[110] = "64\r\n", answer[256];
	int fd = connect_to(spec.port);

	memset(chunk + 4, 'a', 100);
	memcpy(chunk + 104, "\r\n", 2);
	send_all(fd, head, sizeof(head) - 1);
	for (int i = 0; i < 100; i++)
		send_all(fd, chunk, 106);
	send_all(fd, "0\r\n\r\n", 5);
	cr_assert_eq(receive(fd, answer, sizeof(answer)), 0, "%s", answer);
	close(fd);
	expect(spec.port, "GET / HTTP/1.0\r\n\r\n", " 200 ");
}

/* Who says nothing, or half of something, loses the connection. */
Test(http, slow_clients)
{
	struct http_spec spec = { .threads = 1 };
	AUTO(http_server) struct http_server *s = serve(&spec);
	char answer[256];
	int silent = connect_to(spec.port), half = connect_to(spec.port);
	int64_t begin = clock_monotonic_us();

	send_all(half, "GET / HT", 8);
	cr_assert_eq(receive(silent, answer, sizeof(answer)), 0);
	(void)receive(half, answer, sizeof(answer));
	cr_assert_null(strstr(answer, " 200 "));
	cr_assert_lt(clock_monotonic_us() - begin, 6 * US_PER_S);
	close(silent);
	close(half);
}

Test(http, connections_of_one_address)
{
	struct http_spec spec = { .threads = 1, .connections_per_address = 2 };
	AUTO(http_server) struct http_server *s = serve(&spec);
	int first = connect_to(spec.port), second = connect_to(spec.port);
	char answer[256];
	int third;

	/* Both are the server's by the time it has answered one. */
	send_all(second, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 28);
	cr_assert_gt(recv(second, answer, sizeof(answer), 0), 0);
	third = connect_to(spec.port);
	send_all(third, "GET / HTTP/1.0\r\n\r\n", 18);
	cr_assert_eq(receive(third, answer, sizeof(answer)), 0);
	close(third);
	close(second);
	close(first);
}

Test(http, where_it_cannot_listen)
{
	struct http_spec spec = { .threads = 1 };
	AUTO(http_server) struct http_server *s = serve(&spec);
	struct http_server *second = NULL;
	struct err e = { 0 };

	cr_assert_not(http_server_open(&spec, &second, &e));
	cr_assert_eq(e.kind, ERR_FATAL);
	spec.address = "localhost";
	cr_assert_not(http_server_open(&spec, &second, &e));
	cr_assert_not_null(strstr(e.text, "numeric"), "%s", e.text);
}

Test(http, version_6)
{
	struct http_spec spec = { .threads = 1, .address = "::" };
	AUTO(http_server) struct http_server *s = serve(&spec);

	expect(spec.port, "GET / HTTP/1.0\r\n\r\n", " 200 ");
}
