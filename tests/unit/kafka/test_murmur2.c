#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "kafka/murmur2.h"

struct vector {
	char key[64];
	int32_t hash; /* of Utils.murmur2() in the Java client's own test */
};

ParameterizedTestParameters(murmur2, java)
{
	static struct vector cases[] = {
		{ "21", -973932308 },
		{ "foobar", -790332482 },
		{ "a-little-bit-long-string", -985981536 },
		{ "a-little-bit-longer-string", -1486304829 },
		{ "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8",
		  -58897971 },
		{ "abc", 479470107 },
	};
	return cr_make_param_array(struct vector, cases,
				   sizeof(cases) / sizeof(cases[0]));
}

ParameterizedTest(struct vector *v, murmur2, java)
{
	cr_expect_eq((int32_t)kafka_murmur2(bytes_of_str(v->key)), v->hash,
		     "%s", v->key);
}

Test(murmur2, partition_is_never_negative)
{
	/* -973932308 & 0x7fffffff = 1173551340; mod 12 = 0 */
	cr_expect_eq(kafka_partition_of(bytes_of_str("21"), 12),
		     1173551340 % 12);
	cr_expect_eq(kafka_partition_of(bytes_of_str("foobar"), 1), 0);
}
