/*
 * p11_pin.h - the PIN file, and the memory of a PIN that was refused.
 *
 * The record of a refused PIN lies in a file shared by all programs that use
 * the same PIN file: one line with the token's label and a salted, slow
 * digest (PBKDF2, RFC 8018), nothing that leads back to the PIN.  The file
 * is locked (flock) from reading the PIN until the answer is recorded, so
 * that two programs do not offer the same wrong PIN at the same time.  The
 * digest of a PIN that is not known to be good is made before it is offered:
 * a program that is killed in between has recorded a refusal or not had it.
 */
#ifndef CERTFLOW_HSM_P11_PIN_H
#define CERTFLOW_HSM_P11_PIN_H

#include "base/bytes.h"
#include "hsm/p11_module.h"

#define P11_PIN_MAX 256
#define P11_PATH_MAX 1024
#define P11_PIN_SALT_LEN 16

/* A PIN in memory: short life, wiped with p11_pin_wipe(). */
struct p11_pin_text {
	char text[P11_PIN_MAX];
	size_t len;
};

/* What is remembered of a refused PIN. */
struct p11_pin_record {
	uint8_t salt[P11_PIN_SALT_LEN];
	uint8_t digest[SHA256_LEN];
	char token[HSM_TOKEN_LABEL_MAX]; /* that refused it */
};

struct p11_pin {
	char file[P11_PATH_MAX];
	char record[P11_PATH_MAX];
	int record_fd; /* -1: not locked              */
	bool known;    /* .last holds, also if the disk has lost it */
	bool refused;  /* the PIN file's present content            */
	struct file_stamp refused_as; /* the file with that content     */
	struct p11_pin_record last;
	struct file_stamp now_as;   /* the file as read by p11_pin_begin() */
	struct file_stamp good_as;  /* as it was when a token took the PIN */
	struct p11_pin_record next; /* what to record of .next_as          */
	struct file_stamp next_as;
};

/** ERR_FATAL: paths too long, or the record cannot be opened for writing. */
bool p11_pin_init(struct p11_pin *p, const char *file, const char *record,
		  struct err *e) MUST_CHECK;

/**
 * Lock the record and read the PIN.  End with p11_pin_accepted(),
 * p11_pin_refused() or p11_pin_unlock().
 * @param e  ERR_RETRY: no PIN file, readable by others, empty, too long;
 *           this PIN was refused before; record locked by another program
 */
bool p11_pin_begin(struct p11_pin *p, struct p11_pin_text *out, struct err *e)
	MUST_CHECK;

/** May a token that says "few tries left" be tried? Our refusal, new PIN. */
bool p11_pin_explains(const struct p11_pin *p, const char *token);

/** Forget the record: the PIN is good. */
void p11_pin_accepted(struct p11_pin *p);

/** Record that this token refused this PIN. ERR_FATAL: not on the disk. */
bool p11_pin_refused(struct p11_pin *p, const struct p11_pin_text *pin,
		     const char *token, struct err *e) MUST_CHECK;

void p11_pin_unlock(struct p11_pin *p);

void p11_pin_wipe(struct p11_pin_text *pin);

#endif
