/*
 * follower.h - waits in certflow.outcomes for the fate of what was sent.
 */
#ifndef CERTFLOW_PUBLISH_FOLLOWER_H
#define CERTFLOW_PUBLISH_FOLLOWER_H

#include "publisher.h"
#include "registry/schemas.h"

struct follower;

/** Notes the ends of all partitions: open it before anything is sent.
 * @param schemas borrowed until follower_close() */
bool follower_open(const struct kafka_settings *kafka, struct schemas *schemas,
		   int timeout_ms, struct follower **out, struct err *e)
	MUST_CHECK;

/** As publisher_follow(). An outcome belongs to `sent` if it names its
 * source: topic, partition and offset. */
bool follower_wait(struct follower *f, struct publication *sent,
		   publish_deferred deferred, void *self, struct err *e)
	MUST_CHECK;

/** NULL is fine. */
void follower_close(struct follower *f);
DEFINE_AUTO(follower, struct follower *, follower_close);

#endif
