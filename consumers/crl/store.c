#include "crl/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pki/certificate.h"

#define FILE_MODE 0644 /* all of it is public */

DEFINE_AUTO(dir, DIR *, closedir);

static bool
failed(struct err *e, const char *what, const char *path)
{
	return ERR_SET(e, ERR_RETRY, "crl", errno, "%s %s: %s", what, path,
		       strerror(errno));
}

/* A full disk and the like pass: whoever can mend it reads health. */
static bool
passes(bool ok, struct err *e)
{
	if (!ok && e->kind == ERR_FATAL)
		e->kind = ERR_RETRY;
	return ok;
}

static bool
published_path(const struct crl_store *s, const char *suffix,
	       char out[PATH_MAX], struct err *e)
{
	return snprintf(out, PATH_MAX, "%s/%s%s", s->directory, s->name,
			suffix) < PATH_MAX ||
	       ERR_SET(e, ERR_FATAL, "crl", 0, "path too long");
}

static bool
archive_path(const struct crl_store *s, int64_t number, bool is_signed,
	     char out[PATH_MAX], struct err *e)
{
	return snprintf(out, PATH_MAX, "%s/%s-%" PRId64 ".%s", s->archive,
			s->name, number,
			is_signed ? "crl" : "tbs") < PATH_MAX ||
	       ERR_SET(e, ERR_FATAL, "crl", 0, "path too long");
}

bool
crl_store_lock(const struct crl_store *s, int *lock, struct err *e)
{
	int fd = open(s->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return failed(e, "open", s->directory);
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		(void)close(fd);
		return ERR_SET(e, ERR_RETRY, "crl", EWOULDBLOCK,
			       "another program publishes in %s", s->directory);
	}
	*lock = fd;
	return true;
}

bool
crl_store_published(const struct crl_store *s, const struct pki_ca *ca,
		    struct crl_last *out, struct err *e)
{
	AUTO(buffer) struct buffer der = { 0 };
	char path[PATH_MAX];

	crl_last_clear(out);
	if (!published_path(s, ".crl", path, e))
		return false;
	if (access(path, F_OK) != 0 && errno == ENOENT)
		return true;
	if (!file_read(path, BUFFER_MAX - 1, &der, e) ||
	    !pki_crl_parse(buffer_view(&der), ca, &out->crl, &out->entries,
			   e)) {
		crl_last_clear(out);
		e->kind = ERR_RETRY;
		return err_context(e, "%s is there, but", path);
	}
	crl_list_sort(&out->entries);
	out->exists = true;
	return true;
}

uint64_t
crl_store_mark(const struct crl_store *s)
{
	char path[PATH_MAX];
	struct err ignored;
	struct stat st;

	if (!published_path(s, ".crl", path, &ignored) || stat(path, &st) != 0)
		return 0;
	return (uint64_t)st.st_ino * UINT64_C(0x9e3779b97f4a7c15) ^
	       (uint64_t)st.st_mtim.tv_sec << 20 ^
	       (uint64_t)st.st_mtim.tv_nsec ^ (uint64_t)st.st_size << 40 ^ 1;
}

/* "<name>-<number>.crl" or ".tbs" */
static bool
parse_name(const struct crl_store *s, const char *file, int64_t *number,
	   bool *is_signed)
{
	size_t len = strlen(s->name);
	char *end;

	if (strncmp(file, s->name, len) != 0 || file[len] != '-' ||
	    file[len + 1] < '0' || file[len + 1] > '9')
		return false;
	errno = 0;
	*number = strtoll(file + len + 1, &end, 10);
	*is_signed = strcmp(end, ".crl") == 0;
	return errno == 0 && *number < INT64_MAX &&
	       (*is_signed || strcmp(end, ".tbs") == 0);
}

bool
crl_store_newest(const struct crl_store *s, int64_t *number, bool *is_signed,
		 struct err *e)
{
	AUTO(dir) DIR *dir = opendir(s->archive);
	const struct dirent *each;

	*number = 0;
	*is_signed = true;
	if (dir == NULL)
		return failed(e, "open", s->archive);
	while ((each = readdir(dir)) != NULL) {
		int64_t n;
		bool has_signature;

		if (!parse_name(s, each->d_name, &n, &has_signature) ||
		    n < *number)
			continue;
		*is_signed = has_signature || (n == *number && *is_signed);
		*number = n;
	}
	return true;
}

bool
crl_store_get(const struct crl_store *s, int64_t number, bool is_signed,
	      struct buffer *out, struct err *e)
{
	char path[PATH_MAX];

	return archive_path(s, number, is_signed, path, e) &&
	       passes(file_read(path, BUFFER_MAX - 1, out, e), e);
}

bool
crl_store_put(const struct crl_store *s, int64_t number, bool is_signed,
	      struct bytes der, struct err *e)
{
	char path[PATH_MAX];

	if (!archive_path(s, number, is_signed, path, e) ||
	    !passes(file_write(path, der, FILE_MODE, e), e))
		return false;
	if (is_signed && archive_path(s, number, false, path, e))
		(void)unlink(path);
	return true;
}

bool
crl_store_publish(const struct crl_store *s, struct bytes der, struct err *e)
{
	AUTO(buffer) struct buffer pem = { 0 };
	char path[PATH_MAX];

	return pki_pem("X509 CRL", der, &pem, e) &&
	       published_path(s, ".crl.pem", path, e) &&
	       passes(file_write(path, buffer_view(&pem), FILE_MODE, e), e) &&
	       published_path(s, ".crl", path, e) &&
	       passes(file_write(path, der, FILE_MODE, e), e);
}

void
crl_store_prune(const struct crl_store *s, int64_t newest)
{
	AUTO(dir) DIR *dir = opendir(s->archive);
	const struct dirent *each;
	char path[PATH_MAX];
	struct err ignored;

	while (dir != NULL && (each = readdir(dir)) != NULL) {
		int64_t n;
		bool is_signed;

		if (parse_name(s, each->d_name, &n, &is_signed) &&
		    n <= newest - (int64_t)s->keep &&
		    archive_path(s, n, is_signed, path, &ignored))
			(void)unlink(path);
	}
}
