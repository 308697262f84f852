/* states_document.h - the state tables as a page for people. */
#ifndef CERTFLOW_TESTS_WORKFLOW_STATES_DOCUMENT_H
#define CERTFLOW_TESTS_WORKFLOW_STATES_DOCUMENT_H

#include "base/bytes.h"

void states_document(struct buffer *out);

#endif
