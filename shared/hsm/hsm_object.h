/*
 * hsm_object.h - objects of a token: searching and reading attributes.
 * For one who is inside the gate; session of the lane given.
 */
#ifndef CERTFLOW_HSM_HSM_OBJECT_H
#define CERTFLOW_HSM_HSM_OBJECT_H

#include "hsm/hsm_internal.h"
#include "hsm/p11_public.h"

#define HSM_OBJECTS_MAX 64

struct hsm_objects {
	CK_OBJECT_HANDLE items[HSM_OBJECTS_MAX];
	size_t count;
	bool more;
};

/* Where a call goes. */
struct hsm_place {
	struct hsm *h;
	struct hsm_lane *lane;
	CK_SESSION_HANDLE session;
	size_t token;
};

/** Session of this lane with this token. */
bool hsm_place(struct hsm *h, struct hsm_lane *lane, size_t token,
	       struct hsm_place *out, struct err *e) MUST_CHECK;

/** C_FindObjects*: all objects that match, up to HSM_OBJECTS_MAX. */
bool hsm_objects_find(const struct hsm_place *p, CK_ATTRIBUTE *match,
		      CK_ULONG match_count, struct hsm_objects *out,
		      struct err *e) MUST_CHECK;

/**
 * One attribute. *len is 0 if the object has none, or it is longer than max.
 */
bool hsm_object_read(const struct hsm_place *p, CK_OBJECT_HANDLE object,
		     CK_ATTRIBUTE_TYPE type, void *out, size_t max, size_t *len,
		     struct err *e) MUST_CHECK;

/** A boolean attribute; absent reads as `absent`. */
bool hsm_object_flag(const struct hsm_place *p, CK_OBJECT_HANDLE object,
		     CK_ATTRIBUTE_TYPE type, bool absent, bool *out,
		     struct err *e) MUST_CHECK;

/** The public key in a public or (RSA) private object, as SPKI into key;
 * spki_len 0 if the object does not say. */
bool hsm_object_public(const struct hsm_place *p, CK_OBJECT_HANDLE object,
		       struct hsm_key *key, struct err *e) MUST_CHECK;

/** Token, id, label, epoch. */
bool hsm_object_name(const struct hsm_place *p, CK_OBJECT_HANDLE object,
		     struct hsm_key *key, struct err *e) MUST_CHECK;

/** Attributes of a private object and its mechanisms. */
bool hsm_object_private(const struct hsm_place *p, CK_OBJECT_HANDLE object,
			struct hsm_key *key, struct err *e) MUST_CHECK;

#endif
