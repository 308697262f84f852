#include "history.h"

void
history_note(struct history *h, int64_t next, int64_t seen_us)
{
	uint64_t last = (h->count + HISTORY_MAX - 1) % HISTORY_MAX;

	if (h->count > 0 && h->ring[last].next >= next)
		return;
	h->ring[h->count % HISTORY_MAX].next = next;
	h->ring[h->count % HISTORY_MAX].seen_us = seen_us;
	h->count++;
}

int64_t
history_passed(const struct history *h, int64_t offset)
{
	uint64_t low = h->count > HISTORY_MAX ? h->count - HISTORY_MAX : 0;
	uint64_t high = h->count;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;

		if (h->ring[middle % HISTORY_MAX].next > offset)
			high = middle;
		else
			low = middle + 1;
	}
	return low == h->count ? 0 : h->ring[low % HISTORY_MAX].seen_us;
}
