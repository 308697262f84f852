#include "token_jobs.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/uuid.h"
#include "child.h"
#include "hsm/hsm_census.h"

#define READY_US (5 * US_PER_S)

/* --- raw PKCS#11 ---------------------------------------------------- */

struct raw_job {
	const struct place *place;
	enum ev_key_algorithm algorithm;
	const char *label; /* of a CA key; NULL: only look for spki */
	struct bytes spki;
};

struct raw_answer {
	struct hsm_key key;
	bool found;
};

static bool
open_tokens(const struct place *place, const char *const *tokens, size_t count,
	    struct hsm **out, struct err *e)
{
	char refused[PATH_MAX + 16];
	const struct hsm_settings settings = {
		.module = place->module,
		.tokens = tokens,
		.token_count = count,
		.pin_file = place->pin_file,
		.refused_pin_file = refused,
		.threads = 1,
		.ca_keys = true,
		.check_every_us = US_PER_DAY,
	};

	log_set_level(LOG_ERROR); /* what is wrong comes back in e */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)snprintf(refused, sizeof(refused), "%s.refused", place->pin_file);
	return hsm_open(&settings, out, e) && hsm_wait_ready(*out, READY_US, e);
}

static bool
open_raw(const struct place *place, struct hsm **out, struct err *e)
{
	const char *token = place->token;

	return open_tokens(place, &token, 1, out, e);
}

static bool
answer(const struct hsm_key *key, bool found, struct buffer *out, struct err *e)
{
	const struct raw_answer a = { *key, found };

	return buffer_add(out, &a, sizeof(a), e);
}

static bool
find_key(void *self, struct buffer *out, struct err *e)
{
	const struct raw_job *job = self;
	AUTO(hsm) struct hsm *h = NULL;
	struct hsm_keys keys;

	if (!open_raw(job->place, &h, e) ||
	    !hsm_find(h, 0, &(struct hsm_query){ .spki = job->spki }, &keys, e))
		return false;
	if (keys.count == 0)
		return ERR_SET(e, ERR_FATAL, "certflow", 0, "key not found");
	return answer(&keys.items[0], true, out, e);
}

static bool
make_key(struct hsm *h, const struct raw_job *job, struct buffer *out,
	 struct err *e)
{
	char name[UUID_TEXT_MAX];
	uint8_t id[UUID_LEN];
	struct hsm_key key;
	long ckr = 0;

	return uuid_v4(name, e) && uuid_parse(name, id) &&
	       hsm_generate(h, 0, job->algorithm, id, job->label, &key, &ckr,
			    e) &&
	       answer(&key, false, out, e);
}

static bool
ca_key(void *self, struct buffer *out, struct err *e)
{
	const struct raw_job *job = self;
	AUTO(hsm) struct hsm *h = NULL;
	struct hsm_keys keys;

	if (!open_raw(job->place, &h, e) ||
	    !hsm_find(h, 0, &(struct hsm_query){ .label = job->label }, &keys,
		      e))
		return false;
	if (keys.count == 1 && !keys.items[0].has_private) {
		/* What a ceremony left that was cut short while the token made
		 * the key; nobody can sign with it. */
		if (!hsm_destroy(h, 0, &keys.items[0], e))
			return err_context(e, "half a key called %s",
					   job->label);
		keys.count = 0;
	}
	if (keys.count == 0)
		return make_key(h, job, out, e);
	if (keys.count > 1 || !keys.items[0].has_private ||
	    keys.items[0].spki_len == 0 ||
	    keys.items[0].algorithm != job->algorithm)
		return ERR_SET(e, ERR_FATAL, "certflow", 0,
			       "the token already holds other objects called "
			       "%s",
			       job->label);
	return answer(&keys.items[0], true, out, e);
}

struct count_job {
	const struct place *place;
	const char *labels;
	struct buffer *out;
	struct err *e;
};

static bool
add_count(void *self, const uint8_t id[HSM_KEY_ID_LEN],
	  const struct hsm_census_count *n)
{
	struct count_job *job = self;
	struct token_count row = { .private_keys = n->private_keys,
				   .public_keys = n->public_keys };

	memcpy(row.id, id, HSM_KEY_ID_LEN);
	return buffer_add(job->out, &row, sizeof(row), job->e);
}

static bool
count(void *self, struct buffer *out, struct err *e)
{
	struct count_job *job = self;
	AUTO(str) char *labels = strdup(job->labels);
	AUTO(hsm) struct hsm *h = NULL;
	AUTO(hsm_census) struct hsm_census *census = NULL;
	const char *tokens[HSM_TOKENS_MAX];
	char *rest = labels, *label;
	size_t n = 0;

	if (labels == NULL)
		return ERR_NO_MEMORY(e);
	while ((label = strsep(&rest, ",")) != NULL && n < HSM_TOKENS_MAX)
		tokens[n++] = label;
	job->out = out;
	job->e = e;
	return open_tokens(job->place, tokens, n, &h, e) &&
	       hsm_census_take(h, 0, &census, e) &&
	       hsm_census_each(census, add_count, job);
}

bool
job_count(const struct place *place, const char *labels, struct buffer *out,
	  struct err *e)
{
	struct count_job job = { .place = place, .labels = labels };

	return child_run(place->softhsm2_conf, count, &job, out, e) ||
	       err_context(e, "tokens %s", labels);
}

static bool
run_raw(child_job *run, struct raw_job *job, struct raw_answer *out,
	struct err *e)
{
	AUTO(buffer) struct buffer got = { 0 };

	if (!child_run(job->place->softhsm2_conf, run, job, &got, e))
		return err_context(e, "token %s", job->place->token);
	if (got.len != sizeof(*out))
		return ERR_SET(e, ERR_FATAL, "certflow", 0, "short answer");
	memcpy(out, got.data, sizeof(*out));
	return true;
}

bool
job_ca_key(const struct place *place, enum ev_key_algorithm algorithm,
	   const char *label, struct hsm_key *out, bool *found, struct err *e)
{
	struct raw_job job = { .place = place,
			       .algorithm = algorithm,
			       .label = label };
	struct raw_answer a = { 0 };

	if (!run_raw(ca_key, &job, &a, e))
		return false;
	*out = a.key;
	*found = a.found;
	return true;
}

bool
job_attributes(const struct place *place, struct bytes spki,
	       struct hsm_key *out, struct err *e)
{
	struct raw_job job = { .place = place, .spki = spki };
	struct raw_answer a = { 0 };

	if (!run_raw(find_key, &job, &a, e))
		return false;
	*out = a.key;
	return true;
}

/* --- libp11 --------------------------------------------------------- */

struct token_job {
	const struct place *place;
	struct bytes spki;
	enum pki_signature sig;
	struct bytes data;
};

static bool
open_token(const struct place *place, struct token **out, struct err *e)
{
	return token_open(&(struct token_settings){ place->module, place->token,
						    place->pin_file },
			  out, e);
}

static bool
sign(void *self, struct buffer *out, struct err *e)
{
	const struct token_job *job = self;
	AUTO(token) struct token *t = NULL;

	return open_token(job->place, &t, e) &&
	       token_sign(t, job->spki, job->sig, job->data, out, e);
}

static bool
store(void *self, struct buffer *out, struct err *e)
{
	const struct token_job *job = self;
	AUTO(token) struct token *t = NULL;

	(void)out;
	return open_token(job->place, &t, e) &&
	       token_store_certificate(t, job->data, e);
}

static bool
describe(void *self, struct buffer *out, struct err *e)
{
	const struct token_job *job = self;
	AUTO(token) struct token *t = NULL;
	struct token_info info;

	if (!open_token(job->place, &t, e))
		return false;
	token_describe(t, &info);
	return buffer_add(out, &info, sizeof(info), e);
}

static bool
list(void *self, struct buffer *out, struct err *e)
{
	const struct token_job *job = self;
	AUTO(token) struct token *t = NULL;
	AUTO(ptr) void *memory = calloc(1, sizeof(struct token_list));
	struct token_list *all = memory;

	if (all == NULL)
		return ERR_NO_MEMORY(e);
	return open_token(job->place, &t, e) && token_enumerate(t, all, e) &&
	       buffer_add(out, all, sizeof(*all), e);
}

bool
job_sign(const struct place *place, struct bytes spki, enum pki_signature sig,
	 struct bytes data, struct buffer *out, struct err *e)
{
	struct token_job job = { place, spki, sig, data };

	return child_run(place->softhsm2_conf, sign, &job, out, e);
}

bool
job_store_certificate(const struct place *place, struct bytes der,
		      struct err *e)
{
	struct token_job job = { .place = place, .data = der };
	AUTO(buffer) struct buffer nothing = { 0 };

	return child_run(place->softhsm2_conf, store, &job, &nothing, e);
}

bool
job_list(const struct place *place, struct token_list **out, struct err *e)
{
	struct token_job job = { .place = place };
	AUTO(buffer) struct buffer got = { 0 };

	if (!child_run(place->softhsm2_conf, list, &job, &got, e))
		return false;
	if (got.len != sizeof(**out))
		return ERR_SET(e, ERR_FATAL, "certflow", 0, "short answer");
	*out = (struct token_list *)(void *)got.data;
	got = (struct buffer){ 0 };
	return true;
}

bool
job_describe(const struct place *place, struct token_info *out, struct err *e)
{
	struct token_job job = { .place = place };
	AUTO(buffer) struct buffer got = { 0 };

	if (!child_run(place->softhsm2_conf, describe, &job, &got, e))
		return false;
	if (got.len != sizeof(*out))
		return ERR_SET(e, ERR_FATAL, "certflow", 0, "short answer");
	memcpy(out, got.data, sizeof(*out));
	return true;
}
