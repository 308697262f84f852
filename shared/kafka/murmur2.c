#include "kafka/murmur2.h"

uint32_t
kafka_murmur2(struct bytes key)
{
	const uint32_t m = 0x5bd1e995;
	uint32_t h = 0x9747b28c ^ (uint32_t)key.len;
	size_t i;

	for (i = 0; i + 4 <= key.len; i += 4) {
		uint32_t k = (uint32_t)key.data[i] |
			     (uint32_t)key.data[i + 1] << 8 |
			     (uint32_t)key.data[i + 2] << 16 |
			     (uint32_t)key.data[i + 3] << 24;

		k *= m;
		k ^= k >> 24;
		k *= m;
		h = h * m ^ k;
	}
	for (size_t left = key.len - i; left > 0; left--)
		h ^= (uint32_t)key.data[i + left - 1] << (8 * (left - 1));
	if (key.len > i)
		h *= m;
	h ^= h >> 13;
	h *= m;
	return h ^ h >> 15;
}

int32_t
kafka_partition_of(struct bytes key, int32_t partitions)
{
	return (int32_t)((kafka_murmur2(key) & 0x7fffffff) %
			 (uint32_t)partitions);
}
