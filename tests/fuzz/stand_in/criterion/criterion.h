/*
 * Stands in for Criterion where a test's helpers are used by a fuzz target:
 * what they assert is a finding when it does not hold.
 */
#ifndef CERTFLOW_TESTS_STAND_IN_CRITERION_H
#define CERTFLOW_TESTS_STAND_IN_CRITERION_H

#include "fuzz.h"

#define cr_assert(condition, ...) require(condition)
#define cr_assert_eq(a, b, ...) require((a) == (b))
#define cr_assert_lt(a, b, ...) require((a) < (b))
#define cr_assert_not_null(a, ...) require((a) != NULL)
#define cr_expect_eq(a, b, ...) require((a) == (b))

#endif
