/* Numbers, files, and what is left when somebody is killed in between. */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crl/publish.h"
#include "log.h"
#include "pki/certificate.h"
#include "support.h"

#define FAR (T0 + 900 * US_PER_DAY)

struct bench {
	char directory[64], archive[64];
	EVP_PKEY *key;
	struct pki_ca *ca;
	struct crl_publisher p;
	struct crl_last last;
	struct log log;
	unsigned signatures;
	bool broken, lies; /* the token */
	uint8_t signed_sha256[SHA256_LEN];
};

static bool
sign(void *self, struct bytes tbs, struct buffer *signature, struct err *e)
{
	struct bench *b = self;

	b->signatures++;
	sha256(tbs, b->signed_sha256);
	if (b->broken)
		return ERR_SET(e, ERR_RETRY, "test", 0, "token is away");
	test_sign(b->key, b->ca->signature, tbs, signature);
	if (b->lies)
		signature->data[signature->len - 1] ^= 1;
	return true;
}

static void
start(struct bench *b)
{
	*b = (struct bench){ .directory = "/tmp/certflow-crl-XXXXXX",
			     .archive = "/tmp/certflow-archive-XXXXXX" };
	cr_assert_not_null(mkdtemp(b->directory));
	cr_assert_not_null(mkdtemp(b->archive));
	b->key = test_key("ca-p256");
	b->ca = test_root("ca-p256");
	b->p = (struct crl_publisher){
		.store = { b->directory, "issuing", b->archive, 3 },
		.ca = b->ca,
		.refresh_us = 100 * US_PER_S,
		.next_update_us = 300 * US_PER_S,
		.self = b,
		.sign = sign,
	};
	log_start(&b->log);
	log_order(&b->log, SERIAL_A, FAR);
	log_order(&b->log, SERIAL_B, FAR);
}

static void
empty(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *each;
	char path[400];

	while ((each = readdir(dir)) != NULL) {
		snprintf(path, sizeof(path), "%s/%s", folder, each->d_name);
		(void)unlink(path);
	}
	closedir(dir);
}

static void
end(struct bench *b)
{
	empty(b->directory);
	empty(b->archive);
	(void)rmdir(b->directory);
	(void)rmdir(b->archive);
	crl_last_clear(&b->last);
	status_book_free(b->log.book);
	pki_ca_free(b->ca);
	EVP_PKEY_free(b->key);
}

/* A life of the program as far as it gets: @return was one published? */
static bool
live(struct bench *b, struct err *e)
{
	bool published = false;
	size_t unexplained;

	*e = (struct err){ 0 };
	return crl_resume(&b->p, &b->last, e) &&
	       crl_renew(&b->p, b->log.book, b->log.now, &b->last, &published,
			 &unexplained, e) &&
	       published;
}

static bool
publishes(struct bench *b)
{
	struct err e;
	bool yes = live(b, &e);

	cr_assert_eq(e.kind, ERR_NONE, "%s", e.text);
	return yes;
}

/* As a relying party sees it. */
static void
shows(struct bench *b, int64_t number, size_t entries)
{
	struct crl_last seen = { 0 };
	struct err e = { 0 };

	cr_assert(crl_store_published(&b->p.store, b->ca, &seen, &e), "%s",
		  e.text);
	cr_assert_eq(seen.crl.number, number, "number %lld, not %lld",
		     (long long)seen.crl.number, (long long)number);
	cr_assert_eq(seen.crl.revoked_count, entries);
	crl_last_clear(&seen);
}

static size_t
files(const char *folder, const char *suffix)
{
	DIR *dir = opendir(folder);
	struct dirent *each;
	size_t n = 0;

	while ((each = readdir(dir)) != NULL)
		n += strstr(each->d_name, suffix) != NULL;
	closedir(dir);
	return n;
}

/* The archive as a place to go back to. */
static void
restore(const struct bench *b, int64_t number, bool forget_later)
{
	char command[400];

	snprintf(command, sizeof(command),
		 "cp %s/issuing-%d.crl %s/issuing.crl%s", b->archive,
		 (int)number, b->directory, "");
	cr_assert_eq(system(command), 0);
	if (forget_later)
		empty(b->archive);
}

Test(publish, only_what_changed_is_published)
{
	struct bench b;

	start(&b);
	cr_assert(publishes(&b));
	shows(&b, 1, 0);
	cr_assert_not(publishes(&b));
	log_revoke(&b.log, SERIAL_A, NULL);
	cr_assert(publishes(&b));
	shows(&b, 2, 1);
	cr_assert_not(publishes(&b));
	cr_assert_eq(b.signatures, 2);
	cr_assert_eq(files(b.directory, ".crl.pem"), 1);
	cr_assert_eq(files(b.archive, ".tbs"), 0);
	end(&b);
}

Test(publish, it_is_renewed_in_time)
{
	struct bench b;

	start(&b);
	cr_assert(publishes(&b));
	b.log.now = b.last.crl.this_update + 99 * US_PER_S;
	cr_assert_not(publishes(&b));
	b.log.now += US_PER_S;
	cr_assert(publishes(&b));
	shows(&b, 2, 0);
	cr_assert_eq(b.last.crl.next_update - b.last.crl.this_update,
		     300 * US_PER_S);
	/* The clock was wrong. */
	b.log.now -= 61 * US_PER_S;
	cr_assert(publishes(&b));
	end(&b);
}

Test(publish, a_change_of_settings_counts)
{
	struct bench b;

	start(&b);
	cr_assert(publishes(&b));
	b.p.next_update_us *= 2;
	cr_assert(publishes(&b));
	b.p.next_update_us /= 4;
	b.log.now += 100 * US_PER_S;
	cr_assert(publishes(&b));
	end(&b);
}

/* It may have been signed: its number is not used again. And what lies in the
 * archive was written by whoever can write there: it is not signed. */
Test(publish, what_was_to_be_signed_is_made_anew_by_the_next_life)
{
	uint8_t intended[SHA256_LEN];
	struct bench b;
	struct err e;

	start(&b);
	cr_assert(publishes(&b));
	log_revoke(&b.log, SERIAL_A, NULL);
	b.broken = true;
	cr_assert_not(live(&b, &e));
	cr_assert_eq(e.kind, ERR_RETRY);
	memcpy(intended, b.signed_sha256, sizeof(intended));
	shows(&b, 1, 0);
	cr_assert_eq(files(b.archive, ".tbs"), 1);
	b.broken = false;
	b.log.now += 5 * US_PER_S;
	cr_assert(publishes(&b));
	cr_assert_arr_neq(b.signed_sha256, intended, sizeof(intended));
	shows(&b, 3, 1);
	cr_assert_eq(files(b.archive, "2.tbs"), 1);
	end(&b);
}

Test(publish, what_was_signed_is_published_by_the_next_life)
{
	struct bench b;

	start(&b);
	cr_assert(publishes(&b));
	log_revoke(&b.log, SERIAL_A, NULL);
	cr_assert(publishes(&b));
	restore(&b, 1, false);
	shows(&b, 1, 0);
	cr_assert_not(publishes(&b));
	shows(&b, 2, 1);
	cr_assert_eq(b.signatures, 2);
	end(&b);
}

Test(publish, a_number_is_never_used_again)
{
	struct bench b;

	start(&b);
	cr_assert(publishes(&b));
	log_revoke(&b.log, SERIAL_A, NULL);
	cr_assert(publishes(&b));
	/* The archive is lost: the published one knows. */
	empty(b.archive);
	log_revoke(&b.log, SERIAL_B, NULL);
	cr_assert(publishes(&b));
	shows(&b, 3, 2);
	/* The published one is lost: the archive knows. */
	empty(b.directory);
	b.log.now += 100 * US_PER_S;
	cr_assert(publishes(&b));
	shows(&b, 4, 2);
	end(&b);
}

/* Another program was here meanwhile, with its own archive. */
Test(publish, a_begun_crl_that_was_overtaken_is_left)
{
	struct bench b;
	struct err e;

	start(&b);
	cr_assert(publishes(&b));
	log_revoke(&b.log, SERIAL_A, NULL);
	b.broken = true;
	cr_assert_not(live(&b, &e));
	b.broken = false;
	b.p.store.archive = b.directory;
	b.log.now += US_PER_S;
	cr_assert(publishes(&b));
	shows(&b, 2, 1);
	b.p.store.archive = b.archive;
	log_revoke(&b.log, SERIAL_B, NULL);
	cr_assert(publishes(&b));
	shows(&b, 3, 2);
	cr_assert_eq(b.signatures, 4);
	end(&b);
}

Test(publish, a_wrong_signature_is_not_published)
{
	struct bench b;
	struct err e;

	start(&b);
	cr_assert(publishes(&b));
	log_revoke(&b.log, SERIAL_A, NULL);
	b.lies = true;
	cr_assert_not(live(&b, &e));
	cr_assert_eq(e.kind, ERR_RETRY);
	shows(&b, 1, 0);
	cr_assert_eq(files(b.archive, "2.crl"), 0);
	b.lies = false;
	cr_assert(publishes(&b));
	shows(&b, 3, 1);
	end(&b);
}

/* overwrite(): what is there is not ours to replace. */
static void
overwrite(const struct bench *b, const void *octets, size_t len)
{
	char path[128];
	struct err e;

	snprintf(path, sizeof(path), "%s/issuing.crl", b->directory);
	cr_assert(file_write(path, bytes_of(octets, len), 0644, &e));
}

Test(publish, what_cannot_be_relied_on_is_not_overwritten)
{
	struct bench b;
	struct pki_ca *ours;
	struct err e;

	start(&b);
	cr_assert(publishes(&b));
	overwrite(&b, "rubbish", 7);
	cr_assert_not(live(&b, &e));
	cr_assert_eq(e.kind, ERR_RETRY);
	cr_assert_not_null(strstr(e.text, "issuing.crl"));
	restore(&b, 1, false);
	ours = b.ca;
	b.ca = test_root("ca-rsa2048");
	b.p.ca = b.ca;
	cr_assert_not(live(&b, &e));
	cr_assert_eq(e.kind, ERR_RETRY);
	cr_assert_eq(b.signatures, 1);
	pki_ca_free(ours);
	end(&b);
}

Test(publish, the_archive_keeps_as_many_as_it_should)
{
	struct bench b;

	start(&b);
	for (int i = 0; i < 6; i++) {
		cr_assert(publishes(&b));
		b.log.now += 100 * US_PER_S;
	}
	cr_assert_eq(files(b.archive, "issuing-"), 3);
	shows(&b, 6, 0);
	end(&b);
}

Test(publish, one_at_a_time)
{
	struct bench b;
	struct err e;
	int first, second;

	start(&b);
	cr_assert(crl_store_lock(&b.p.store, &first, &e));
	cr_assert_not(crl_store_lock(&b.p.store, &second, &e));
	cr_assert_eq(e.kind, ERR_RETRY);
	close(first);
	cr_assert(crl_store_lock(&b.p.store, &second, &e));
	close(second);
	end(&b);
}

Test(publish, a_changed_file_is_noticed)
{
	struct bench b;
	uint64_t mark;

	start(&b);
	cr_assert_eq(crl_store_mark(&b.p.store), 0);
	cr_assert(publishes(&b));
	mark = crl_store_mark(&b.p.store);
	cr_assert_neq(mark, 0);
	cr_assert_not(publishes(&b));
	cr_assert_eq(crl_store_mark(&b.p.store), mark);
	b.log.now += 100 * US_PER_S;
	cr_assert(publishes(&b));
	cr_assert_neq(crl_store_mark(&b.p.store), mark);
	end(&b);
}
