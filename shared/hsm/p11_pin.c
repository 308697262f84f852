#include "hsm/p11_pin.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define RECORD_MAX 512
#define ROUNDS 100000 /* some 50 ms, once per change of the PIN file */

bool
p11_pin_init(struct p11_pin *p, const char *file, const char *record,
	     struct err *e)
{
	int fd;

	*p = (struct p11_pin){ .record_fd = -1 };
	if (strlen(file) >= sizeof(p->file) ||
	    strlen(record) >= sizeof(p->record))
		return ERR_SET(e, ERR_FATAL, "hsm", 0, "path too long");
	snprintf(p->file, sizeof(p->file), "%s", file);
	snprintf(p->record, sizeof(p->record), "%s", record);
	fd = open(record, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return ERR_SET(e, ERR_FATAL, "hsm", 0,
			       "record of a refused PIN %s: %s", record,
			       strerror(errno));
	close(fd);
	return true;
}

void
p11_pin_wipe(struct p11_pin_text *pin)
{
	OPENSSL_cleanse(pin, sizeof(*pin));
}

/* First line of the file, and which file was read. */
static bool
read_pin(const char *path, struct p11_pin_text *out, struct file_stamp *as,
	 struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	ssize_t n;

	if (fd < 0)
		return ERR_SET(e, ERR_RETRY, "hsm", 0, "PIN file %s: %s", path,
			       strerror(errno));
	if (fstat(fd, &st) != 0 || (st.st_mode & S_IRWXO) != 0) {
		close(fd);
		return ERR_SET(e, ERR_RETRY, "hsm", 0,
			       "PIN file %s: others may read or write it",
			       path);
	}
	*as = file_stamp_of(&st);
	n = read(fd, out->text, sizeof(out->text));
	close(fd);
	out->len = n > 0 ? (size_t)n : 0;
	if (out->len == sizeof(out->text)) {
		p11_pin_wipe(out);
		return ERR_SET(e, ERR_RETRY, "hsm", 0, "PIN file %s: too long",
			       path);
	}
	out->text[out->len] = '\0';
	out->len = strcspn(out->text, "\r\n");
	if (out->len == 0)
		return ERR_SET(e, ERR_RETRY, "hsm", 0, "PIN file %s: empty",
			       path);
	return true;
}

static bool
digest_of(const struct p11_pin_text *pin, struct p11_pin_record *r)
{
	return PKCS5_PBKDF2_HMAC(pin->text, (int)pin->len, r->salt,
				 P11_PIN_SALT_LEN, ROUNDS, EVP_sha256(),
				 SHA256_LEN, r->digest) == 1;
}

/* "<salt> <digest> <token>", all but the token in hex. */
static bool
read_record(int fd, struct p11_pin_record *r)
{
	char line[RECORD_MAX] = "";
	char salt[2 * P11_PIN_SALT_LEN + 1], digest[2 * SHA256_LEN + 1];
	size_t n;

	if (pread(fd, line, sizeof(line) - 1, 0) <= 0 ||
	    sscanf(line, "%32s %64s %32[^\n]", salt, digest, r->token) != 3)
		return false;
	return hex_decode(salt, r->salt, P11_PIN_SALT_LEN, &n) &&
	       n == P11_PIN_SALT_LEN &&
	       hex_decode(digest, r->digest, SHA256_LEN, &n) && n == SHA256_LEN;
}

/* Compare with the record; the slow digest only if the file is another. */
static bool
was_refused(struct p11_pin *p, const struct p11_pin_text *pin,
	    const struct file_stamp *as)
{
	struct p11_pin_record disk = { 0 }, now;

	if (read_record(p->record_fd, &disk)) {
		p->refused &=
			p->known && memcmp(&disk, &p->last, sizeof(disk)) == 0;
		p->last = disk;
		p->known = true;
	}
	if (!p->known || (p->refused && file_stamp_equal(as, &p->refused_as)))
		return p->known;
	now = p->last;
	p->refused = !digest_of(pin, &now) ||
		     CRYPTO_memcmp(now.digest, p->last.digest, SHA256_LEN) == 0;
	p->refused_as = *as;
	return p->refused;
}

/* What would be recorded of this PIN, in .next. */
static bool
digest_for(struct p11_pin *p, const struct p11_pin_text *pin,
	   const struct file_stamp *as, struct err *e)
{
	memset(&p->next, 0, sizeof(p->next));
	memset(&p->next_as, 0, sizeof(p->next_as));
	if (RAND_bytes(p->next.salt, P11_PIN_SALT_LEN) != 1 ||
	    !digest_of(pin, &p->next))
		return ERR_SET(e, ERR_FATAL, "hsm", 0, "no digest of the PIN");
	p->next_as = *as;
	return true;
}

bool
p11_pin_begin(struct p11_pin *p, struct p11_pin_text *out, struct err *e)
{
	struct file_stamp as;

	if (!read_pin(p->file, out, &as, e))
		return false;
	p->record_fd = open(p->record, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (p->record_fd < 0 || flock(p->record_fd, LOCK_EX | LOCK_NB) != 0) {
		p11_pin_wipe(out);
		(void)ERR_SET(e, ERR_RETRY, "hsm", 0,
			      "record of a refused PIN %s: %s", p->record,
			      strerror(errno));
		p11_pin_unlock(p);
		return false;
	}
	if (was_refused(p, out, &as)) {
		p11_pin_wipe(out);
		p11_pin_unlock(p);
		return ERR_SET(e, ERR_RETRY, "hsm", (long)CKR_PIN_INCORRECT,
			       "PIN file %s: token refused this PIN; it is not "
			       "tried again until the file changes",
			       p->file);
	}
	p->now_as = as;
	if (file_stamp_equal(&as, &p->good_as) ||
	    file_stamp_equal(&as, &p->next_as) || digest_for(p, out, &as, e))
		return true;
	p11_pin_wipe(out);
	p11_pin_unlock(p);
	return false;
}

bool
p11_pin_explains(const struct p11_pin *p, const char *token)
{
	return p->known && !p->refused && strcmp(p->last.token, token) == 0;
}

void
p11_pin_accepted(struct p11_pin *p)
{
	int rc = ftruncate(p->record_fd, 0);

	(void)rc; /* an old record only keeps an old PIN out */
	p->refused = p->known = false;
	p->good_as = p->now_as;
	p11_pin_unlock(p);
}

bool
p11_pin_refused(struct p11_pin *p, const struct p11_pin_text *pin,
		const char *token, struct err *e)
{
	const struct p11_pin_record *r = &p->last;
	char salt[2 * P11_PIN_SALT_LEN + 1], digest[2 * SHA256_LEN + 1];
	char line[RECORD_MAX];
	bool ok;
	int n;

	p->known = p->refused = true;
	if (!file_stamp_equal(&p->now_as, &p->next_as) &&
	    !digest_for(p, pin, &p->now_as, e))
		return false;
	p->last = p->next;
	snprintf(p->last.token, sizeof(p->last.token), "%s", token);
	memset(&p->good_as, 0, sizeof(p->good_as));
	memset(&p->refused_as, 0, sizeof(p->refused_as));
	hex_encode(bytes_of(r->salt, P11_PIN_SALT_LEN), salt);
	hex_encode(bytes_of(r->digest, SHA256_LEN), digest);
	n = snprintf(line, sizeof(line), "%s %s %s\n", salt, digest, token);
	ok = n > 0 && pwrite(p->record_fd, line, (size_t)n, 0) == n &&
	     ftruncate(p->record_fd, n) == 0 && fsync(p->record_fd) == 0;
	if (!ok)
		(void)ERR_SET(e, ERR_FATAL, "hsm", 0,
			      "record of a refused PIN %s: %s", p->record,
			      strerror(errno));
	p11_pin_unlock(p);
	return ok;
}

void
p11_pin_unlock(struct p11_pin *p)
{
	if (p->record_fd >= 0)
		close(p->record_fd);
	p->record_fd = -1;
}
