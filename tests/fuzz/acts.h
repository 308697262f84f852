/* acts.h - one act of a person, a worker, the clock or the world. */
#ifndef CERTFLOW_TESTS_FUZZ_ACTS_H
#define CERTFLOW_TESTS_FUZZ_ACTS_H

#include "fuzz.h"
#include "world.h"

/** Let somebody do something, as the next octets say. */
void act(struct world *w, struct feed *in);

#endif
