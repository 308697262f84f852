#include "runtime/health.h"

#include <pthread.h>
#include <string.h>

#include "base/log.h"
#include "http/http.h"

#define WHY_MAX 256
#define SAID_MAX 8 /* reasons of one part that are said until it is good */

struct health {
	pthread_mutex_t lock; /* of why, warning */
	char warning[WHY_MAX];
	char why[HEALTH__COUNT][WHY_MAX];
	uint64_t said[HEALTH__COUNT][SAID_MAX]; /* hashes; 0: free */
	struct metrics *metrics;
	struct http_server *server; /* NULL: no port */
};

static const char *const part_names[HEALTH__COUNT] = {
	[HEALTH_START] = "start",       [HEALTH_KAFKA] = "kafka",
	[HEALTH_REGISTRY] = "registry", [HEALTH_DATABASE] = "database",
	[HEALTH_HSM] = "hsm",           [HEALTH_CA] = "ca",
	[HEALTH_WORK] = "work",
};

/* The text of /health. @return ready? */
static bool
print_health(struct health *h, struct buffer *out, struct err *e)
{
	bool ready = true;
	bool ok = true;

	(void)pthread_mutex_lock(&h->lock);
	for (int i = 0; i < HEALTH__COUNT; i++) {
		if (h->why[i][0] == '\0')
			continue;
		ready = false;
		ok = ok &&
		     buffer_add(out, part_names[i], strlen(part_names[i]), e) &&
		     buffer_add(out, ": ", 2, e) &&
		     buffer_add(out, h->why[i], strlen(h->why[i]), e) &&
		     buffer_add(out, "\n", 1, e);
	}
	if (ready)
		ok = buffer_add(out, "ready\n", 6, e);
	if (h->warning[0] != '\0')
		ok = ok && buffer_add(out, "warning: ", 9, e) &&
		     buffer_add(out, h->warning, strlen(h->warning), e) &&
		     buffer_add(out, "\n", 1, e);
	(void)pthread_mutex_unlock(&h->lock);
	return ready && ok;
}

static void
answer(void *self, const struct http_request *request, struct http_answer *a)
{
	struct health *h = self;
	struct err e;

	a->type = "text/plain; charset=utf-8";
	if (strcmp(request->method, "GET") != 0)
		a->status = HTTP_METHOD_NOT_ALLOWED;
	else if (strcmp(request->path, "/health") == 0)
		a->status = print_health(h, &a->body, &e) ? HTTP_OK
							  : HTTP_UNAVAILABLE;
	else if (strcmp(request->path, "/metrics") == 0)
		a->status = metrics_print(h->metrics, &a->body, &e)
				    ? HTTP_OK
				    : HTTP_INTERNAL_ERROR;
	else
		a->status = HTTP_NOT_FOUND;
}

static bool
serve(struct health *h, int port, struct err *e)
{
	const struct http_spec spec = {
		.address = "127.0.0.1",
		.port = port,
		.threads = 1,
		.connections = 16,
		.timeout_s = 10,
		.answer = answer,
		.self = h,
	};

	return http_server_open(&spec, &h->server, e) ||
	       err_context(e, "health");
}

bool
health_open(int port, struct metrics *metrics, struct health **out,
	    struct err *e)
{
	AUTO(health) struct health *h = calloc(1, sizeof(*h));

	if (h == NULL)
		return ERR_NO_MEMORY(e);
	(void)pthread_mutex_init(&h->lock, NULL);
	h->metrics = metrics;
	snprintf(h->why[HEALTH_START], WHY_MAX, "starting");
	if (port != 0 && !serve(h, port, e))
		return false;
	*out = TAKE(h);
	return true;
}

/* FNV-1a; never 0. */
static uint64_t
hash(const char *text)
{
	uint64_t n = UINT64_C(14695981039346656037);

	for (; *text != '\0'; text++)
		n = (n ^ (unsigned char)*text) * UINT64_C(1099511628211);
	return n | 1;
}

/* Not said yet since the part was good? */
static bool
is_news(uint64_t said[SAID_MAX], const char *why)
{
	uint64_t n = hash(why);

	for (size_t i = 0; i < SAID_MAX; i++) {
		if (said[i] == n)
			return false;
		if (said[i] == 0) {
			said[i] = n;
			return true;
		}
	}
	return false;
}

void
health_set(struct health *h, enum health_part part, const char *why)
{
	char *slot = h->why[part];
	bool is = why == NULL || *why == '\0';
	bool news;

	(void)pthread_mutex_lock(&h->lock);
	news = is ? *slot != '\0' : is_news(h->said[part], why);
	if (is)
		memset(h->said[part], 0, sizeof(h->said[part]));
	snprintf(slot, WHY_MAX, "%s", is ? "" : why);
	(void)pthread_mutex_unlock(&h->lock);
	if (!news)
		return;
	if (is)
		log_line(LOG_INFO, part_names[part], "ready", NULL);
	else
		log_line(LOG_WARN, part_names[part], "not ready", "why", why,
			 NULL);
}

void
health_warn(struct health *h, const char *text)
{
	(void)pthread_mutex_lock(&h->lock);
	snprintf(h->warning, WHY_MAX, "%s", text == NULL ? "" : text);
	(void)pthread_mutex_unlock(&h->lock);
}

bool
health_ready(struct health *h)
{
	bool ready = true;

	(void)pthread_mutex_lock(&h->lock);
	for (int i = 0; i < HEALTH__COUNT; i++)
		ready = ready && h->why[i][0] == '\0';
	(void)pthread_mutex_unlock(&h->lock);
	return ready;
}

void
health_close(struct health *h)
{
	if (h == NULL)
		return;
	http_server_close(h->server);
	(void)pthread_mutex_destroy(&h->lock);
	free(h);
}
