/*
 * http.h - inside shared/registry only: one question to the registry.
 */
#ifndef CERTFLOW_REGISTRY_HTTP_H
#define CERTFLOW_REGISTRY_HTTP_H

#include "base/bytes.h"

struct http;

bool http_open(const char *base_url, int timeout_ms, struct http **out,
	       struct err *e) MUST_CHECK;

/**
 * GET, or POST of a JSON body, base_url followed by path. Redirects are not
 * followed. The answer's body, at most max octets, is put into answer.
 * @param body  NULL: GET
 * ERR_RETRY    no answer in time, or a longer one
 */
bool http_ask(struct http *h, const char *path, const char *body, size_t max,
	      long *status, struct buffer *answer, struct err *e) MUST_CHECK;

/** Percent-encoded text for a path; release with http_free_text(). NULL: no
 * memory. */
char *http_escape(struct http *h, const char *text);
void http_free_text(char *text);
DEFINE_AUTO(http_text, char *, http_free_text);

/** NULL is fine. */
void http_close(struct http *h);
DEFINE_AUTO(http, struct http *, http_close);

#endif
