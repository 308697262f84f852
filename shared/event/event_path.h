/*
 * event_path.h - the path of the field at hand, for error texts:
 * "submission.dossier[2].type".  Too long a path is cut at its end.
 */
#ifndef CERTFLOW_EVENT_EVENT_PATH_H
#define CERTFLOW_EVENT_EVENT_PATH_H

#include <stddef.h>

#include "base/err.h"

struct ev_path {
	size_t len;
	char text[160];
};

/** @return the mark to give to path_leave() */
size_t path_enter(struct ev_path *p, const char *field);
size_t path_enter_index(struct ev_path *p, size_t index);
size_t path_enter_key(struct ev_path *p, const char *key);
void path_leave(struct ev_path *p, size_t mark);

/** ERR_REJECT, BODY_INVALID in err.code, "path: reason". Returns false. */
bool path_fail(const struct ev_path *p, struct err *e, const char *origin,
	       const char *fmt, ...) PRINTF_LIKE(4, 5);

#endif
