/*
 * token_rate - how many signatures a second a token makes, by itself.
 *
 *   token_rate --module FILE --token LABEL --pin-file FILE [--seconds S]
 *              THREADS...
 *
 * For each number of threads so many sessions sign with the private key that
 * is in the token, nothing verified, for S seconds (2), the way the issuer
 * asks for it: C_SignInit and C_Sign. A line of JSON each:
 *
 *   {"threads":2,"key":"RSA","signatures":6950,"seconds":2.0,"cpu":3.99}
 *
 * cpu: seconds of this process, all threads together.
 */
#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "spent.h"

#define THREADS_MAX 256
#define SLOTS_MAX 64
#define TBS_OCTETS 1200 /* about those of a TBSCertificate */
#define SIGNATURE_MAX 1024

/* What to sign with, and how. */
struct token {
	CK_FUNCTION_LIST *module;
	CK_SLOT_ID slot;
	CK_OBJECT_HANDLE key;
	CK_MECHANISM mechanism;
	CK_BYTE data[TBS_OCTETS];
	CK_ULONG len;
	const char *kind;
};

struct lane {
	struct token *token;
	CK_SESSION_HANDLE session;
	pthread_barrier_t *start;
	atomic_bool *stop;
	unsigned long made;
	CK_RV rv; /* what ended it; CKR_OK: the time did */
};

struct options {
	const char *module;
	const char *token;
	const char *pin_file;
	double seconds;
	int first; /* index of the first number of threads */
};

static _Noreturn void
die(const char *what, unsigned long code)
{
	if (code != 0)
		fprintf(stderr, "token_rate: %s: 0x%lx\n", what, code);
	else
		fprintf(stderr, "token_rate: %s\n", what);
	exit(1);
}

static void
must(CK_RV rv, const char *what)
{
	if (rv != CKR_OK)
		die(what, rv);
}

/* ---- the token ---------------------------------------------------------- */

static void
load(struct token *t, const char *path)
{
	CK_C_INITIALIZE_ARGS args = { .flags = CKF_OS_LOCKING_OK };
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	CK_C_GetFunctionList list = NULL;

	if (library == NULL)
		die(dlerror(), 0);
	*(void **)&list = dlsym(library, "C_GetFunctionList");
	if (list == NULL)
		die("no PKCS#11 module", 0);
	must(list(&t->module), "C_GetFunctionList");
	must(t->module->C_Initialize(&args), "C_Initialize");
}

static void
find_token(struct token *t, const char *label)
{
	CK_SLOT_ID slots[SLOTS_MAX];
	CK_ULONG count = SLOTS_MAX;
	CK_TOKEN_INFO info;
	CK_BYTE padded[sizeof(info.label)];

	memset(padded, ' ', sizeof(padded));
	if (strlen(label) > sizeof(padded))
		die("label too long", 0);
	memcpy(padded, label, strlen(label));
	must(t->module->C_GetSlotList(CK_TRUE, slots, &count), "C_GetSlotList");
	for (CK_ULONG i = 0; i < count; i++) {
		must(t->module->C_GetTokenInfo(slots[i], &info),
		     "C_GetTokenInfo");
		if (memcmp(info.label, padded, sizeof(padded)) == 0) {
			t->slot = slots[i];
			return;
		}
	}
	die("no such token", 0);
}

static CK_SESSION_HANDLE
open_session(struct token *t)
{
	CK_SESSION_HANDLE session;

	must(t->module->C_OpenSession(t->slot, CKF_SERIAL_SESSION, NULL, NULL,
				      &session),
	     "C_OpenSession");
	return session;
}

static void
login(struct token *t, CK_SESSION_HANDLE session, const char *path)
{
	CK_UTF8CHAR pin[256];
	FILE *file = fopen(path, "r");
	size_t len;

	if (file == NULL)
		die("PIN file cannot be read", 0);
	len = fread(pin, 1, sizeof(pin), file);
	fclose(file);
	while (len > 0 && (pin[len - 1] == '\n' || pin[len - 1] == '\r'))
		len--;
	must(t->module->C_Login(session, CKU_USER, pin, len), "C_Login");
}

static void
find_key(struct token *t, CK_SESSION_HANDLE session)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_BBOOL yes = CK_TRUE;
	CK_KEY_TYPE type = 0;
	CK_ATTRIBUTE wanted[] = { { CKA_CLASS, &class, sizeof(class) },
				  { CKA_SIGN, &yes, sizeof(yes) } };
	CK_ATTRIBUTE asked = { CKA_KEY_TYPE, &type, sizeof(type) };
	CK_ULONG count = 0;

	must(t->module->C_FindObjectsInit(session, wanted, 2),
	     "C_FindObjectsInit");
	must(t->module->C_FindObjects(session, &t->key, 1, &count),
	     "C_FindObjects");
	must(t->module->C_FindObjectsFinal(session), "C_FindObjectsFinal");
	if (count == 0)
		die("no private key in the token", 0);
	must(t->module->C_GetAttributeValue(session, t->key, &asked, 1),
	     "C_GetAttributeValue");
	memset(t->data, 0x5a, sizeof(t->data));
	t->kind = type == CKK_EC ? "EC" : "RSA";
	t->mechanism.mechanism =
		type == CKK_EC ? CKM_ECDSA : CKM_SHA256_RSA_PKCS;
	t->len = type == CKK_EC ? 32 : TBS_OCTETS;
}

/* A key that may only be asked for bare RSA gets a DigestInfo. */
static void
choose_mechanism(struct token *t, CK_SESSION_HANDLE session)
{
	static const CK_BYTE sha256[] = { 0x30, 0x31, 0x30, 0x0d, 0x06,
					  0x09, 0x60, 0x86, 0x48, 0x01,
					  0x65, 0x03, 0x04, 0x02, 0x01,
					  0x05, 0x00, 0x04, 0x20 };
	CK_BYTE signature[SIGNATURE_MAX];
	CK_ULONG len = sizeof(signature);

	if (t->module->C_SignInit(session, &t->mechanism, t->key) != CKR_OK) {
		t->mechanism.mechanism = CKM_RSA_PKCS;
		memcpy(t->data, sha256, sizeof(sha256));
		t->len = sizeof(sha256) + 32;
		must(t->module->C_SignInit(session, &t->mechanism, t->key),
		     "C_SignInit");
	}
	must(t->module->C_Sign(session, t->data, t->len, signature, &len),
	     "C_Sign");
}

/* ---- measuring ---------------------------------------------------------- */

static void *
sign(void *argument)
{
	struct lane *l = argument;
	struct token *t = l->token;
	CK_BYTE data[TBS_OCTETS];
	CK_BYTE signature[SIGNATURE_MAX];

	memcpy(data, t->data, sizeof(data));
	pthread_barrier_wait(l->start);
	do { /* at least one, however short the time is */
		CK_ULONG len = sizeof(signature);

		l->rv = t->module->C_SignInit(l->session, &t->mechanism,
					      t->key);
		if (l->rv == CKR_OK)
			l->rv = t->module->C_Sign(l->session, data, t->len,
						  signature, &len);
		if (l->rv != CKR_OK)
			break;
		l->made++;
	} while (!atomic_load(l->stop));
	return NULL;
}

static void
sleep_for(double seconds)
{
	struct timespec pause;

	pause.tv_sec = (time_t)seconds;
	pause.tv_nsec = (long)((seconds - (double)pause.tv_sec) * 1e9);
	nanosleep(&pause, NULL);
}

static void
measure(struct token *t, unsigned threads, double seconds)
{
	struct lane *lanes = calloc(threads, sizeof(*lanes));
	pthread_t *ids = calloc(threads, sizeof(*ids));
	pthread_barrier_t start;
	atomic_bool stop = false;
	double begin, used;
	unsigned long made = 0;

	if (lanes == NULL || ids == NULL ||
	    pthread_barrier_init(&start, NULL, threads + 1) != 0)
		die("no memory", 0);
	for (unsigned i = 0; i < threads; i++) {
		lanes[i] = (struct lane){ .token = t,
					  .session = open_session(t),
					  .start = &start,
					  .stop = &stop };
		if (pthread_create(&ids[i], NULL, sign, &lanes[i]) != 0)
			die("no thread", 0);
	}
	pthread_barrier_wait(&start);
	begin = now();
	used = cpu();
	sleep_for(seconds);
	atomic_store(&stop, true);
	for (unsigned i = 0; i < threads; i++) {
		pthread_join(ids[i], NULL);
		must(lanes[i].rv, "signing");
		made += lanes[i].made;
		must(t->module->C_CloseSession(lanes[i].session),
		     "C_CloseSession");
	}
	printf("{\"threads\":%u,\"key\":\"%s\",\"signatures\":%lu,"
	       "\"seconds\":%.6f,\"cpu\":%.6f}\n",
	       threads, t->kind, made, now() - begin, cpu() - used);
	fflush(stdout);
	pthread_barrier_destroy(&start);
	free(lanes);
	free(ids);
}

static struct options
parse(int argc, char *argv[])
{
	struct options o = { .seconds = 2.0, .first = 1 };

	for (; o.first + 1 < argc && argv[o.first][0] == '-'; o.first += 2) {
		const char *name = argv[o.first], *value = argv[o.first + 1];

		if (strcmp(name, "--module") == 0)
			o.module = value;
		else if (strcmp(name, "--token") == 0)
			o.token = value;
		else if (strcmp(name, "--pin-file") == 0)
			o.pin_file = value;
		else if (strcmp(name, "--seconds") == 0)
			o.seconds = strtod(value, NULL);
		else
			die(name, 0);
	}
	if (o.module == NULL || o.token == NULL || o.pin_file == NULL ||
	    o.seconds <= 0 || o.first >= argc)
		die("usage: --module FILE --token LABEL --pin-file FILE "
		    "[--seconds S] THREADS...",
		    0);
	return o;
}

int
main(int argc, char *argv[])
{
	const struct options o = parse(argc, argv);
	struct token t = { 0 };
	CK_SESSION_HANDLE session;

	load(&t, o.module);
	find_token(&t, o.token);
	session = open_session(&t);
	login(&t, session, o.pin_file);
	find_key(&t, session);
	choose_mechanism(&t, session);
	for (int i = o.first; i < argc; i++) {
		unsigned long threads = strtoul(argv[i], NULL, 10);

		if (threads == 0 || threads > THREADS_MAX)
			die(argv[i], 0);
		measure(&t, (unsigned)threads, o.seconds);
	}
	must(t.module->C_Finalize(NULL), "C_Finalize");
	return 0;
}
