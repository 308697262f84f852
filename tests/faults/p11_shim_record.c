/*
 * Sessions of the real module, and the two logs.  A line of a log is one
 * write(2) to a file opened with O_APPEND: lines of several programs do not
 * mix.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "p11_shim.h"

#define SESSIONS_MAX 4096

static struct shim_session sessions[SESSIONS_MAX];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int signatures_fd = -1;
static int logins_fd = -1;

static int
open_log(const char *directory, const char *name)
{
	char path[SHIM_PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		shim_complain("cannot be written", path);
	return fd;
}

void
shim_record_open(const char *directory)
{
	signatures_fd = open_log(directory, "signatures.log");
	logins_fd = open_log(directory, "logins.log");
}

/* With the lock held; also for handle 0, a free place. */
static struct shim_session *
find(CK_SESSION_HANDLE handle, CK_SESSION_HANDLE near)
{
	for (size_t i = 0; i < SESSIONS_MAX; i++) {
		struct shim_session *s = &sessions[(near + i) % SESSIONS_MAX];

		if (s->handle == handle)
			return s;
	}
	return NULL;
}

/* 32 octets padded with blanks; a blank within would split the line. */
static void
copy_label(const CK_UTF8CHAR *label, size_t len, char out[SHIM_LABEL_MAX])
{
	size_t n = 0;

	while (len > 0 && label[len - 1] == ' ')
		len--;
	for (size_t i = 0; i < len; i++)
		n += (size_t)snprintf(out + n, SHIM_LABEL_MAX - n,
				      label[i] == ' ' ? "%%20" : "%c",
				      label[i]);
	out[n] = '\0';
}

void
shim_session_add(CK_SESSION_HANDLE handle, CK_SLOT_ID slot)
{
	struct shim_session *s;
	CK_TOKEN_INFO info;
	char token[SHIM_LABEL_MAX] = "?";

	if (shim_real->C_GetTokenInfo(slot, &info) == CKR_OK)
		copy_label(info.label, sizeof(info.label), token);
	pthread_mutex_lock(&lock);
	s = find(0, handle);
	if (s != NULL) {
		*s = (struct shim_session){ .handle = handle, .slot = slot };
		memcpy(s->token, token, sizeof(token));
	}
	pthread_mutex_unlock(&lock);
	if (s == NULL)
		shim_complain("too many sessions", token);
}

void
shim_session_remove(CK_SESSION_HANDLE handle)
{
	struct shim_session *s;

	pthread_mutex_lock(&lock);
	s = find(handle, handle);
	if (s != NULL)
		s->handle = 0;
	pthread_mutex_unlock(&lock);
}

void
shim_session_remove_slot(CK_SLOT_ID slot)
{
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < SESSIONS_MAX; i++)
		if (sessions[i].handle != 0 && sessions[i].slot == slot)
			sessions[i].handle = 0;
	pthread_mutex_unlock(&lock);
}

void
shim_session_remove_all(void)
{
	pthread_mutex_lock(&lock);
	memset(sessions, 0, sizeof(sessions));
	pthread_mutex_unlock(&lock);
}

struct shim_session *
shim_session_find(CK_SESSION_HANDLE handle)
{
	struct shim_session *s = NULL;

	pthread_mutex_lock(&lock);
	if (handle != 0)
		s = find(handle, handle);
	pthread_mutex_unlock(&lock);
	return s;
}

const char *
shim_session_token(CK_SESSION_HANDLE handle)
{
	const struct shim_session *s = shim_session_find(handle);

	return s != NULL ? s->token : "";
}

static void
hex(const uint8_t *data, size_t len, char *out)
{
	for (size_t i = 0; i < len; i++)
		sprintf(out + 2 * i, "%02x", data[i]);
}

void
shim_data(CK_MECHANISM_TYPE mechanism, const CK_BYTE *data, CK_ULONG len,
	  char out[SHIM_DATA_MAX])
{
	uint8_t digest[EVP_MAX_MD_SIZE] = { 0 };

	if ((mechanism == CKM_ECDSA || mechanism == CKM_RSA_PKCS) &&
	    2 * len + sizeof("raw:") <= SHIM_DATA_MAX) {
		memcpy(out, "raw:", sizeof("raw:"));
		hex(data, len, out + 4);
		return;
	}
	if (EVP_Digest(data, len, digest, NULL, EVP_sha256(), NULL) != 1)
		shim_complain("no SHA-256", "");
	hex(digest, 32, out);
}

static void
append(int fd, const char *line, int len)
{
	if (len <= 0 || write(fd, line, (size_t)len) != len)
		shim_complain("a line of a log is lost", line);
}

static int64_t
now_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

void
shim_record_signature(const struct shim_session *s, const char *data)
{
	char line[SHIM_DATA_MAX + 400];

	append(signatures_fd, line,
	       snprintf(line, sizeof(line), "%" PRId64 " %d %s %s 0x%lx %s\n",
			now_us(), (int)getpid(), s->token, s->key_id,
			s->mechanism, data));
}

void
shim_record_login(const char *token, CK_RV rv)
{
	char line[400];

	append(logins_fd, line,
	       snprintf(line, sizeof(line), "%" PRId64 " %d %s 0x%lx\n",
			now_us(), (int)getpid(), token, rv));
}
