#include "registry/http.h"

#include <curl/curl.h>
#include <string.h>

#define ORIGIN "registry"
#define URL_MAX 1024

typedef struct curl_slist curl_slist;
DEFINE_AUTO(curl_slist, curl_slist *, curl_slist_free_all);

struct http {
	CURL *curl;
	char *base; /* without a slash at its end */
	int timeout_ms;
};

/* Where an answer goes. */
struct sink {
	struct buffer *to;
	size_t max;
	bool too_long;
};

bool
http_open(const char *base_url, int timeout_ms, struct http **out,
	  struct err *e)
{
	AUTO(http) struct http *h = calloc(1, sizeof(*h));
	size_t len = strlen(base_url);

	if (h == NULL)
		return ERR_NO_MEMORY(e);
	while (len > 0 && base_url[len - 1] == '/')
		len--;
	h->base = strndup(base_url, len);
	h->curl = curl_easy_init();
	h->timeout_ms = timeout_ms;
	if (h->base == NULL || h->curl == NULL)
		return ERR_NO_MEMORY(e);
	*out = TAKE(h);
	return true;
}

static size_t
on_data(char *data, size_t size, size_t count, void *self)
{
	struct sink *s = self;
	struct err e;
	size_t len = size * count;

	if (len > s->max - s->to->len) {
		s->too_long = true;
		return 0; /* ends the transfer */
	}
	return buffer_add(s->to, data, len, &e) ? len : 0;
}

static curl_slist *
header_list(void)
{
	curl_slist *first = curl_slist_append(
		NULL, "Accept: application/vnd.schemaregistry.v1+json, "
		      "application/json");
	curl_slist *all = curl_slist_append(
		first, "Content-Type: application/vnd.schemaregistry.v1+json");

	if (all == NULL)
		curl_slist_free_all(first);
	return all;
}

static void
prepare(struct http *h, const char *url, const char *body, curl_slist *headers,
	struct sink *s)
{
	CURL *c = h->curl;

	curl_easy_reset(c);
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)h->timeout_ms);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)h->timeout_ms);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "certflow/" CERTFLOW_VERSION);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, s);
	if (body != NULL)
		curl_easy_setopt(c, CURLOPT_POSTFIELDS, body);
}

bool
http_ask(struct http *h, const char *path, const char *body, size_t max,
	 long *status, struct buffer *answer, struct err *e)
{
	AUTO(curl_slist) curl_slist *headers = header_list();
	struct sink s = { .to = answer, .max = max };
	char url[URL_MAX];
	CURLcode rc;

	if (headers == NULL)
		return ERR_NO_MEMORY(e);
	if (snprintf(url, sizeof(url), "%s%s", h->base, path) >= URL_MAX)
		return ERR_SET(e, ERR_FATAL, ORIGIN, 0, "address too long");
	answer->len = 0;
	prepare(h, url, body, headers, &s);
	rc = curl_easy_perform(h->curl);
	if (s.too_long)
		return ERR_SET(e, ERR_RETRY, ORIGIN, 0,
			       "%s: answer of more than %zu octets", url, max);
	if (rc != CURLE_OK)
		return ERR_SET(e, ERR_RETRY, ORIGIN, (long)rc, "%s: %s", url,
			       curl_easy_strerror(rc));
	curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, status);
	return true;
}

char *
http_escape(struct http *h, const char *text)
{
	return curl_easy_escape(h->curl, text, 0);
}

void
http_free_text(char *text)
{
	curl_free(text);
}

void
http_close(struct http *h)
{
	if (h == NULL)
		return;
	if (h->curl != NULL)
		curl_easy_cleanup(h->curl);
	free(h->base);
	free(h);
}
