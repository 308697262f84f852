/*
 * murmur2.h - the partition of a key, as the Java clients compute it.
 */
#ifndef CERTFLOW_KAFKA_MURMUR2_H
#define CERTFLOW_KAFKA_MURMUR2_H

#include "base/bytes.h"

/** 32-bit MurmurHash2 with Kafka's seed (Utils.murmur2). */
uint32_t kafka_murmur2(struct bytes key);

/** (murmur2 & 0x7fffffff) mod partitions; partitions > 0. */
int32_t kafka_partition_of(struct bytes key, int32_t partitions);

#endif
