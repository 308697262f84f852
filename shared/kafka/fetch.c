#include "kafka/client.h"

/* Less than a full queue holds: asked before all of it is taken. */
#define ASK_EVERY 500

void
kafka_fetch_on(rd_kafka_t *rk, unsigned *taken)
{
	AUTO(rd_list) rd_kafka_topic_partition_list_t *l = NULL;

	if (++*taken < ASK_EVERY)
		return;
	*taken = 0;
	if (kafka_queue_backoff() != NULL)
		return; /* it looks by itself */
	if (rd_kafka_assignment(rk, &l) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return;
	for (int i = 0; i < l->cnt; i++)
		l->elems[i].offset = RD_KAFKA_OFFSET_END;
	(void)rd_kafka_offsets_for_times(rk, l, 0);
}
