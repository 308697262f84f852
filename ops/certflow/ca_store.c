#include "ca_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pki/certificate.h"
#include "token_jobs.h"

#define FILE_MODE 0644 /* all of it is public */
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
ca_store_exists(const char *dir)
{
	char path[PATH_MAX];
	struct err ignored;

	return path_of(dir, "issuing", ".pem", path, &ignored) &&
	       access(path, F_OK) == 0;
}

static bool
write_pem(const char *dir, const char *name, const char *suffix,
	  const char *label, struct bytes der, struct err *e)
{
	AUTO(buffer) struct buffer pem = { 0 };
	char path[PATH_MAX];

	return path_of(dir, name, suffix, path, e) &&
	       pki_pem(label, der, &pem, e) &&
	       file_write(path, buffer_view(&pem), FILE_MODE, e);
}

bool
ca_store_certificate(const char *dir, const char *name, struct bytes der,
		     struct err *e)
{
	char path[PATH_MAX];

	return path_of(dir, name, ".cer", path, e) &&
	       file_write(path, der, FILE_MODE, e) &&
	       write_pem(dir, name, ".pem", "CERTIFICATE", der, e);
}

bool
ca_store_crl(const char *dir, const char *name, struct bytes der, struct err *e)
{
	char path[PATH_MAX];

	return write_pem(dir, name, ".crl.pem", "X509 CRL", der, e) &&
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
ca_store_new_crl(const char *dir, const struct place *place,
		 const struct pki_ca *ca, const struct pki_crl *crl,
		 struct err *e)
{
	AUTO(buffer) struct buffer tbs = { 0 }, signature = { 0 }, der = { 0 };

	return pki_crl_tbs(ca, crl, &tbs, e) &&
	       job_sign(place, ca->spki, ca->signature, buffer_view(&tbs),
			&signature, e) &&
	       pki_certificate_assemble(buffer_view(&tbs), ca->signature,
					buffer_view(&signature), &der, e) &&
	       ca_store_crl(dir, group_name(place->group), buffer_view(&der),
			    e);
}
