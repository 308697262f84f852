/*
 * auto.h - scope-bound cleanup.
 *
 * A variable declared AUTO(kind) is released when it leaves scope, on every
 * path.  To hand it to someone else, return TAKE(var): that empties it
 * first.  DEFINE_AUTO lines stand next to the type they clean up after.
 * gcc and clang only, on purpose.
 */
#ifndef CERTFLOW_BASE_AUTO_H
#define CERTFLOW_BASE_AUTO_H

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#define AUTO(kind) __attribute__((cleanup(auto_##kind)))

#define DEFINE_AUTO(kind, type, release)                                       \
	static inline void auto_##kind(type *slot)                             \
	{                                                                      \
		if (*slot != NULL)                                             \
			release(*slot);                                        \
	}                                                                      \
	_Static_assert(sizeof(type) == sizeof(void *), "AUTO is for pointers")

/* For values that own memory (struct buffer): release takes the address. */
#define DEFINE_AUTO_VALUE(kind, type, release)                                 \
	static inline void auto_##kind(type *slot)                             \
	{                                                                      \
		release(slot);                                                 \
	}                                                                      \
	_Static_assert(_Alignof(type) > 0, "AUTO needs a complete type")

#define TAKE(slot)                                                             \
	__extension__({                                                        \
		__typeof__(slot) taken_ = (slot);                              \
		(slot) = NULL;                                                 \
		taken_;                                                        \
	})

DEFINE_AUTO(ptr, void *, free);
DEFINE_AUTO(str, char *, free);
DEFINE_AUTO(u8, unsigned char *, free);
DEFINE_AUTO(file, FILE *, fclose);

#endif
