#include "schedule.h"

#include <math.h>

#include "base/clock.h"
#include "ids.h"

int64_t
schedule_due(const struct schedule *s)
{
	return s->start_us + (int64_t)s->sum_us;
}

void
schedule_advance(struct schedule *s)
{
	double mean_us;

	s->count++;
	if (s->rate <= 0)
		return;
	mean_us = (double)US_PER_S / s->rate;
	if (s->poisson) {
		/* from ]0, 1]: its logarithm is finite */
		double u =
			((double)(load_random(&s->random) >> 11) + 1) * 0x1p-53;

		s->sum_us -= log(u) * mean_us;
	} else {
		s->sum_us = s->count * mean_us; /* adds up no errors */
	}
}
