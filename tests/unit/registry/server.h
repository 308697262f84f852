/*
 * server.h - a registry for tests, which answers what it is told to.
 */
#ifndef CERTFLOW_TESTS_REGISTRY_SERVER_H
#define CERTFLOW_TESTS_REGISTRY_SERVER_H

#include <microhttpd.h>

struct server {
	struct MHD_Daemon *daemon;
	char url[64];
	unsigned status;
	const char *body; /* answered to every question        */
	size_t repeat;    /* ... so many times; 0 counts as 1  */
	int delay_ms;
	int requests;
	char path[256];  /* of the last question */
	char asked[512]; /* its body             */
};

/** On a free port of 127.0.0.1. */
void server_open(struct server *s);
void server_close(struct server *s);

#endif
