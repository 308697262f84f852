#include <openssl/crypto.h>
#include <openssl/err.h>
#include <string.h>
#include <sys/stat.h>

#include "hsm/libp11/token_internal.h"
#include "hsm/p11_file.h"

#define PIN_FILE_MAX 256

bool
token_failed(struct err *e, const char *what)
{
	unsigned long code = ERR_peek_last_error();
	const char *why = ERR_reason_error_string(code);

	(void)ERR_SET(e, ERR_FATAL, "libp11", (long)ERR_GET_REASON(code),
		      "%s: %s", what, why == NULL ? "no reason given" : why);
	ERR_clear_error();
	return false;
}

static bool
find_slot(struct token *t, const char *label, struct err *e)
{
	if (PKCS11_enumerate_slots(t->ctx, &t->slots, &t->slot_count) != 0)
		return token_failed(e, "list slots");
	for (unsigned i = 0; i < t->slot_count; i++) {
		PKCS11_TOKEN *found = t->slots[i].token;

		if (found == NULL || !found->initialized ||
		    found->label == NULL || strcmp(found->label, label) != 0)
			continue;
		if (t->slot != NULL)
			return ERR_SET(e, ERR_FATAL, "libp11", 0,
				       "several tokens are called %s", label);
		t->slot = &t->slots[i];
	}
	if (t->slot == NULL)
		return ERR_SET(e, ERR_FATAL, "libp11", 0,
			       "no token is called %s", label);
	return true;
}

static bool
may_log_in(const PKCS11_TOKEN *token, struct err *e)
{
	if (token->userPinLocked)
		return ERR_SET(e, ERR_FATAL, "libp11", 0, "PIN is locked");
	if (token->userPinFinalTry || token->userPinCountLow)
		return ERR_SET(e, ERR_FATAL, "libp11", 0,
			       "a wrong PIN was tried before: no login until "
			       "somebody has logged in by hand");
	return true;
}

/* As the workers: a PIN that others can read or change is none. */
static bool
read_pin(const char *path, struct buffer *pin, struct err *e)
{
	struct stat st;

	if (stat(path, &st) == 0 && (st.st_mode & S_IRWXO) != 0)
		return ERR_SET(e, ERR_FATAL, "libp11", 0,
			       "PIN file %s: others may read or write it",
			       path);
	if (!file_read(path, PIN_FILE_MAX, pin, e))
		return err_context(e, "PIN");
	/* file_read() puts a terminator behind the content. */
	pin->data[strcspn((const char *)pin->data, "\r\n")] = '\0';
	return true;
}

static bool
log_in(struct token *t, const char *pin_file, struct err *e)
{
	AUTO(buffer) struct buffer pin = { 0 };
	int rc;

	if (!may_log_in(t->slot->token, e) || !read_pin(pin_file, &pin, e))
		return false;
	rc = PKCS11_open_session(t->slot, 1);
	if (rc == 0)
		rc = PKCS11_login(t->slot, 0, (const char *)pin.data);
	OPENSSL_cleanse(pin.data, pin.cap);
	return rc == 0 || token_failed(e, "log in");
}

bool
token_open(const struct token_settings *settings, struct token **out,
	   struct err *e)
{
	AUTO(token) struct token *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return ERR_NO_MEMORY(e);
	if (!p11_file_check(settings->module, e))
		return false;
	t->ctx = PKCS11_CTX_new();
	if (t->ctx == NULL)
		return ERR_NO_MEMORY(e);
	if (PKCS11_CTX_load(t->ctx, settings->module) != 0)
		return token_failed(e, "load PKCS#11 module");
	t->loaded = true;
	if (!find_slot(t, settings->label, e) ||
	    !log_in(t, settings->pin_file, e))
		return err_context(e, "token %s", settings->label);
	*out = TAKE(t);
	return true;
}

void
token_close(struct token *t)
{
	if (t == NULL)
		return;
	if (t->slot != NULL)
		(void)PKCS11_logout(t->slot);
	if (t->slots != NULL)
		PKCS11_release_all_slots(t->ctx, t->slots, t->slot_count);
	if (t->loaded)
		PKCS11_CTX_unload(t->ctx);
	if (t->ctx != NULL)
		PKCS11_CTX_free(t->ctx);
	ERR_clear_error();
	free(t);
}
