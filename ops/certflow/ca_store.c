#include "ca_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pki/certificate.h"
#include "pki/pem.h"
#include "token_jobs.h"

#define FILE_MODE 0644 /* all of it is public */
#define NAMES_MAX 100  /* issuing-99 is the last; a CA lives for years */
#define CRL_FILE_MAX (8u * 1024 * 1024)

static bool
path_of(const char *dir, const char *name, const char *suffix,
	char out[PATH_MAX], struct err *e)
{
	if (snprintf(out, PATH_MAX, "%s/%s%s", dir, name, suffix) < PATH_MAX)
		return true;
	return ERR_SET(e, ERR_FATAL, "certflow", 0, "path too long");
}

bool
ca_store_open(const char *dir, int *lock, struct err *e)
{
	if (mkdir(dir, 0755) != 0 && errno != EEXIST)
		return ERR_SET(e, ERR_FATAL, "certflow", errno, "make %s: %s",
			       dir, strerror(errno));
	*lock = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*lock < 0)
		return ERR_SET(e, ERR_FATAL, "certflow", errno, "open %s: %s",
			       dir, strerror(errno));
	if (flock(*lock, LOCK_EX | LOCK_NB) == 0)
		return true;
	(void)close(*lock);
	return ERR_SET(e, ERR_FATAL, "certflow", 0,
		       "another certflow command works in %s", dir);
}

bool
ca_store_name(int number, char out[CA_NAME_MAX])
{
	if (number >= NAMES_MAX)
		return false;
	if (number > 1)
		(void)snprintf(out, CA_NAME_MAX, "issuing-%d", number);
	else
		(void)snprintf(out, CA_NAME_MAX, "%s",
			       number == 0 ? "root" : "issuing");
	return true;
}

int
ca_store_number(const char *name)
{
	char own[CA_NAME_MAX];

	for (int n = 1; ca_store_name(n, own); n++)
		if (strcmp(own, name) == 0)
			return n;
	return 0;
}

bool
ca_store_has(const char *dir, const char *name, const char *suffix)
{
	char path[PATH_MAX];
	struct err ignored;

	return path_of(dir, name, suffix, path, &ignored) &&
	       access(path, F_OK) == 0;
}

bool
ca_store_exists(const char *dir)
{
	return ca_store_has(dir, "issuing", ".pem");
}

bool
ca_store_next(const char *dir, char name[CA_NAME_MAX], struct err *e)
{
	for (int n = 1; ca_store_name(n, name); n++)
		if (!ca_store_has(dir, name, ".pem"))
			return true;
	return ERR_SET(e, ERR_FATAL, "certflow", 0, "too many CAs in %s", dir);
}

bool
ca_store_read(const char *dir, const char *name, const char *suffix,
	      struct buffer *out, struct err *e)
{
	char path[PATH_MAX];

	return path_of(dir, name, suffix, path, e) &&
	       file_read(path, CA_FILE_MAX, out, e);
}

bool
ca_store_der(const char *dir, const char *name, struct bytes der, struct err *e)
{
	char path[PATH_MAX];

	return path_of(dir, name, ".cer", path, e) &&
	       file_write(path, der, FILE_MODE, e);
}

bool
ca_store_pem(const char *dir, const char *name, const char *suffix,
	     const char *label, struct bytes der, struct err *e)
{
	AUTO(buffer) struct buffer pem = { 0 };
	char path[PATH_MAX];

	return path_of(dir, name, suffix, path, e) &&
	       pki_pem(label, der, &pem, e) &&
	       file_write(path, buffer_view(&pem), FILE_MODE, e);
}

bool
ca_store_csr(const char *dir, const char *name, struct bytes der, struct err *e)
{
	char path[PATH_MAX];

	return path_of(dir, name, ".csr", path, e) &&
	       file_write(path, der, FILE_MODE, e) &&
	       ca_store_pem(dir, name, ".csr.pem", "CERTIFICATE REQUEST", der,
			    e);
}

bool
ca_store_chain(const char *dir, const char *name, struct bytes pem,
	       struct err *e)
{
	char path[PATH_MAX];

	return path_of(dir, name, ".chain.pem", path, e) &&
	       file_write(path, pem, FILE_MODE, e);
}

bool
ca_store_read_certificate(const char *path, struct buffer *out, struct err *e)
{
	AUTO(buffer) struct buffer file = { 0 };

	if (!file_read(path, CA_FILE_MAX, &file, e))
		return false;
	if (file.len > 0 && file.data[0] != '0')
		return pem_decode(buffer_view(&file), out, e) ||
		       err_context(e, "%s", path);
	return buffer_add(out, file.data, file.len, e);
}

bool
ca_store_crl(const char *dir, const char *name, struct bytes der, struct err *e)
{
	char path[PATH_MAX];

	return ca_store_pem(dir, name, ".crl.pem", "X509 CRL", der, e) &&
	       path_of(dir, name, ".crl", path, e) &&
	       file_write(path, der, FILE_MODE, e);
}

bool
ca_store_load(const char *dir, const char *name, struct pki_ca **out,
	      struct err *e)
{
	char path[PATH_MAX];

	return path_of(dir, name, ".pem", path, e) && pki_ca_load(path, out, e);
}

bool
ca_store_last_crl(const char *dir, const char *name, const struct pki_ca *ca,
		  struct pki_crl *out, struct buffer *entries, struct err *e)
{
	AUTO(buffer) struct buffer der = { 0 };
	char path[PATH_MAX];

	if (!path_of(dir, name, ".crl", path, e) ||
	    !file_read(path, CRL_FILE_MAX, &der, e))
		return false;
	return pki_crl_parse(buffer_view(&der), ca, out, entries, e) ||
	       err_context(e, "%s", path);
}

bool
ca_store_new_crl(const char *dir, const char *name, const struct place *place,
		 const struct pki_ca *ca, const struct pki_crl *crl,
		 struct err *e)
{
	AUTO(buffer) struct buffer tbs = { 0 }, signature = { 0 }, der = { 0 };

	return pki_crl_tbs(ca, crl, &tbs, e) &&
	       job_sign(place, ca->spki, ca->signature, buffer_view(&tbs),
			&signature, e) &&
	       pki_certificate_assemble(buffer_view(&tbs), ca->signature,
					buffer_view(&signature), &der, e) &&
	       ca_store_crl(dir, name, buffer_view(&der), e);
}
