/*
 * act.h - what people do in a load, and how far it gets.
 *
 * A journey is three acts: an officer submits, a manager approves, the
 * officer presses Cấp CTS. Two more acts stand alone: a customer enrols,
 * and an event from a file.
 */
#ifndef CERTFLOW_LOAD_ACT_H
#define CERTFLOW_LOAD_ACT_H

#include <stdbool.h>

#include "base/err.h"
#include "event/event.h"

enum load_act {
	LOAD_SUBMIT,
	LOAD_APPROVE,
	LOAD_PRESS,
	LOAD_ENROL,
	LOAD_EVENT, /* from a file */
	LOAD_ACT__COUNT
};

/* How far a journey is; each includes the ones before. */
enum load_stage {
	LOAD_ACKED,    /* its last act is acknowledged by the broker */
	LOAD_ADMITTED, /* ... stands on the log                      */
	LOAD_ORDERED,  /* IssuanceOrdered does                       */
	LOAD_ISSUED,   /* CertificateIssued does                     */
	LOAD_VISIBLE,  /* the read model shows the last of these     */
	LOAD_STAGE__COUNT
};

/* What is measured: acts `first` to `last`, each journey after the other;
 * acts from `prepared` on are done before the clock starts. */
struct load_step {
	const char *name;
	enum load_act prepared;
	enum load_act first;
	enum load_act last;
};

/** "submit", "approve", "press", "enrol", "event"; a literal. */
const char *load_act_name(enum load_act act);

/** EVENT_NONE for LOAD_EVENT: the file says. */
enum event_type load_act_type(enum load_act act);

/** "acked", "admitted", ...; a literal. */
const char *load_stage_name(enum load_stage stage);
bool load_stage_parse(const char *name, enum load_stage *out) MUST_CHECK;

/** "submit", "approve", "press", "whole", "enrol". NULL: there is none. */
const struct load_step *load_step_find(const char *name);

/** The step of events from a file. */
const struct load_step *load_step_file(void);

/** Does an order follow the step's last act? */
bool load_step_issues(const struct load_step *step);

#endif
