/* fuzz.h - the function that libFuzzer and replay.c call. */
#ifndef CERTFLOW_TESTS_FUZZ_H
#define CERTFLOW_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/** Must return 0; a finding is a crash, a leak or an abort(). */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
