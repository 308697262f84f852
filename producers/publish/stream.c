/* Several documents, one after the other. */
#include <ctype.h>

#include "document.h"
#include "event/event_json.h"

/* Is there another document? Skips white space. */
static bool
more(FILE *in)
{
	int c;

	do {
		c = getc(in);
	} while (c != EOF && isspace(c));
	return c != EOF && ungetc(c, in) != EOF;
}

bool
document_read(FILE *in, json_t **out, struct err *e)
{
	json_error_t error;

	*out = NULL;
	if (!more(in))
		return true;
	*out = json_loadf(in, JSON_REJECT_DUPLICATES | JSON_DISABLE_EOF_CHECK,
			  &error);
	if (*out == NULL)
		return ERR_SET(e, ERR_REJECT, "json", 0, "JSON: %s",
			       error.text);
	return true;
}
