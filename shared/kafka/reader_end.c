/* Following a topic from where it ends now. */
#include <stdlib.h>

#include "kafka/admin.h"
#include "kafka/reader.h"

#define ORIGIN "kafka"

bool
kafka_reader_follow_end(struct kafka_reader *r, struct kafka_admin *a,
			const char *topic, int timeout_ms, int32_t *partitions,
			struct err *e)
{
	AUTO(ptr) void *memory = NULL;
	struct kafka_partition *list;
	int32_t count = 0;

	if (!kafka_admin_partitions(a, topic, timeout_ms, &count, e))
		return false;
	if (count <= 0)
		return ERR_SET(e, ERR_FATAL, ORIGIN, 0, "there is no topic %s",
			       topic);
	list = memory = calloc((size_t)count, sizeof(*list));
	if (memory == NULL)
		return ERR_NO_MEMORY(e);
	for (int32_t i = 0; i < count; i++)
		list[i] = (struct kafka_partition){ topic, i, 0 };
	if (!kafka_admin_offsets(a, list, (size_t)count, KAFKA_OFFSET_END,
				 timeout_ms, e) ||
	    !kafka_reader_follow(r, list, (size_t)count, e))
		return false;
	*partitions = count;
	return true;
}
