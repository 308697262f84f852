/*
 * no_http.h - stands in for shared/registry/http.c: no network, answers as
 * the target says.
 */
#ifndef CERTFLOW_TESTS_NO_HTTP_H
#define CERTFLOW_TESTS_NO_HTTP_H

#include "base/bytes.h"

/* What the next question gets; status 0: nobody answers. */
struct no_http {
	long status;
	struct bytes body;
	unsigned asked; /* questions so far */
};

extern struct no_http no_http;

#endif
