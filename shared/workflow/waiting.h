/*
 * waiting.h - which events wait for which.
 *
 * An event waits (is deferred) when it would be refused with a code that may
 * still come true, and when an earlier event of the same inbox about the
 * same object waits: events of one inbox about one enrolment, request or
 * certificate are decided in the order in which they came. Events about
 * different objects do not hold each other up, and an event that brings its
 * object into being (KeyPairRequested, a first RequestSubmitted) queues up
 * behind nobody: it may be what the others wait for.
 *
 * What an event is about is kept with it on the log, as the header below of
 * EventDeferred.headers; the other headers are the message's own.
 */
#ifndef CERTFLOW_WORKFLOW_WAITING_H
#define CERTFLOW_WORKFLOW_WAITING_H

#include "event/event.h"

#define WAITING_OBJECT_HEADER "certflow-object"

/** Id of the enrolment, request, order or certificate that ev is about, or
 * NULL. Borrowed from ev. */
const char *waiting_object(const struct event *ev);

#endif
