/*
 * Input: messages for one tax code, one after another, each
 *   octet   topic: an inbox, or misrouted
 *   octet   bits: 1 no key, 2 no value, 4 wrong partition, 8 another key
 *           (some octets), 16 a header certflow-source (some octets),
 *           32 a header traceparent (some octets)
 *   2 octets, big endian: length of the value; then the value
 * They go the registrar's whole way, but Kafka and PostgreSQL: intake,
 * decision, octets for the log, reading them back, folding. Whatever a
 * message is, it must come to an outcome, and what stands on the log must be
 * readable: a registrar that stops for a message stops for ever.
 */
#include <string.h>

#include "base/uuid.h"
#include "fuzz.h"
#include "kafka/dead_letter.h"
#include "kafka/murmur2.h"
#include "kafka/topics.h"
#include "registrar/pki_facts.h"
#include "registrar/registrar.h"
#include "runtime/cloudevents.h"
#include "schema_ids.h"
#include "workflow/catalogue.h"
#include "workflow/dossier.h"

#define PROFILES CERTFLOW_SOURCE_DIR "/schemas/profiles/"

#define TAX "0199000112"
#define PARTITIONS 12
#define MESSAGES_MAX 8
#define IN_2027_US (INT64_C(1798761600) * US_PER_S)
#define DECISION_OCTETS (4u * 1024 * 1024)

/* corpus/pki/certificate-ca */
static const char ca_pem[] =
	"-----BEGIN CERTIFICATE-----\n"
	"MIICYDCCAgWgAwIBAgIQcA1An2mG01tS1MUFZ4ZjXDAKBggqhkjOPQQDAjA7MQsw\n"
	"CQYDVQQGEwJWTjERMA8GA1UECgwIQ2VydGZsb3cxGTAXBgNVBAMMEENlcnRmbG93\n"
	"IFJvb3QgQ0EwHhcNMjYxMTIyMjAyNzAwWhcNMzYxMTIyMjAyNjU5WjA+MQswCQYD\n"
	"VQQGEwJWTjERMA8GA1UECgwIQ2VydGZsb3cxHDAaBgNVBAMME0NlcnRmbG93IElz\n"
	"c3VpbmcgQ0EwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASbgGYBb/ywSUywVrDL\n"
	"DPyPLtp7F3FehK2t4ALu5zkX3guGqhCKH4FypXQ8jI95xOgIXED4v8Pp2FlVO0xI\n"
	"MUtjo4HnMIHkMBIGA1UdEwEB/wQIMAYBAf8CAQAwDgYDVR0PAQH/BAQDAgEGMBEG\n"
	"A1UdIAQKMAgwBgYEVR0gADAdBgNVHQ4EFgQUMhedmXNKc4qGBM1wrcnprgg1B/cw\n"
	"HwYDVR0jBBgwFoAUlj3oxICg/JoxNi+iBYnILa9tTzowLwYDVR0fBCgwJjAkoCKg\n"
	"IIYeaHR0cDovLzEyNy4wLjAuMTo4MDgwL3Jvb3QuY3JsMDoGCCsGAQUFBwEBBC4w\n"
	"LDAqBggrBgEFBQcwAoYeaHR0cDovLzEyNy4wLjAuMTo4MDgwL3Jvb3QuY2VyMAoG\n"
	"CCqGSM49BAMCA0kAMEYCIQCpN2R/VAgvN8oM2bupJVEusL28lPd70zS8Q4HuL87f\n"
	"rQIhAJHEL0CmkWD3XXva4aQVPW3DGeoHw3/Vi0MVJWSpjOXH\n"
	"-----END CERTIFICATE-----\n";

static bool
draw(void *self, char out[UUID_TEXT_MAX], struct err *e)
{
	unsigned *n = self;

	(void)e;
	snprintf(out, UUID_TEXT_MAX, "%08x-0000-4000-8000-000000000000", ++*n);
	return true;
}

static bool
claim(void *self, const struct ev_sha256 *spki, const char *tax_code,
      enum wf_key_claim *out, struct err *e)
{
	(void)self;
	(void)spki;
	(void)tax_code;
	(void)e;
	*out = WF_KEY_FREE;
	return true;
}

static void
load_rules(struct wf_env *env)
{
	static struct catalogue *catalogue;
	static struct dossier_rules *dossier;
	AUTO(buffer) struct buffer c = { 0 }, d = { 0 };
	struct err e;

	require(file_read(CERTFLOW_SOURCE_DIR
			  "/schemas/catalogue/catalogue.json",
			  1 << 20, &c, &e) &&
		catalogue_parse(buffer_view(&c), &catalogue, &e));
	require(file_read(CERTFLOW_SOURCE_DIR "/schemas/catalogue/dossier.json",
			  1 << 20, &d, &e) &&
		dossier_parse(buffer_view(&d), &dossier, &e));
	env->catalogue = catalogue;
	env->dossier = dossier;
}

static struct registrar *
registrar(void)
{
	static struct registrar r;
	static struct pki_facts *facts;
	static unsigned ids;
	static const char *const profiles[] = {
		PROFILES "org-hsm-ca4.ini",
		PROFILES "org-hsm-ca4-pss.ini",
		PROFILES "org-token-sample.ini",
	};
	struct pki_facts_config cfg = {
		.profiles = profiles,
		.profile_count = sizeof(profiles) / sizeof(profiles[0]),
		.places = { .public_url = "http://127.0.0.1:8080" },
		.approvers = "",
	};
	struct wf_env rules = { 0 };
	struct err e;

	if (r.schemas != NULL)
		return &r;
	load_rules(&rules);
	cfg.catalogue = rules.catalogue;
	cfg.ca_certificate = memory_file(ca_pem, strlen(ca_pem));
	require(pki_facts_new(&cfg, &facts, &e));
	r.schemas = schema_ids();
	r.env = (struct wf_env){
		.now = IN_2027_US,
		.limits = { .unsaved_ttl_us = US_PER_DAY,
			    .uncertified_ttl_us = 180 * US_PER_DAY,
			    .request_ttl_us = 30 * US_PER_DAY,
			    .deferral_ttl_us = 600 * US_PER_S,
			    .sign_ttl_us = US_PER_DAY,
			    .deferred_max = 16,
			    .open_enrolments_max = 8,
			    .open_requests_max = 8,
			    .certificates_max = 16 },
		.catalogue = rules.catalogue,
		.dossier = rules.dossier,
		.pki = pki_facts_lend(facts),
		.self = &ids,
		.uuid_draw = draw,
		.key_claim = claim,
		.id_claim = claim,
	};
	return &r;
}

/* --- one message --------------------------------------------------------- */

struct message {
	struct kafka_message m;
	struct kafka_header headers[2];
	char key[256];
};

static void
add_header(struct message *to, const char *name, struct feed *in)
{
	size_t len;
	const uint8_t *at = feed_some(in, &len);

	to->headers[to->m.header_count++] =
		(struct kafka_header){ name, bytes_of(at, len) };
}

static void
take_message(struct feed *in, struct message *to)
{
	uint8_t topic = (uint8_t)feed_choice(in, INPUTS);
	uint8_t bits = feed_octet(in);
	struct bytes key = bytes_of_str(TAX);
	size_t len;

	*to = (struct message){ 0 };
	if (bits & 8) {
		key.data = feed_some(in, &key.len);
		key.data = key.len == 0 ? (const uint8_t *)"" : key.data;
	}
	if (bits & 16)
		add_header(to, KAFKA_HEADER_SOURCE, in);
	if (bits & 32)
		add_header(to, CE_TRACEPARENT, in);
	len = (size_t)feed_octet(in) << 8;
	len += feed_octet(in);
	len = len < in->left ? len : in->left;
	to->m.topic = registrar_inboxes[topic];
	to->m.key = bits & 1 ? (struct bytes){ NULL, 0 } : key;
	to->m.partition = kafka_partition_of(key, PARTITIONS);
	to->m.partition = (to->m.partition + !!(bits & 4)) % PARTITIONS;
	to->m.value =
		bits & 2 ? (struct bytes){ NULL, 0 } : bytes_of(in->at, len);
	to->m.headers = to->headers;
	in->at += len;
	in->left -= len;
}

/* The octets for the log, read back and folded as by another registrar. */
static void
append(struct registrar *r, struct subject *s, const struct wf_emit *emit,
       const struct intake *in)
{
	AUTO(log_record) struct log_record rec = { 0 };
	AUTO(buffer) struct buffer wire = { 0 };
	char source[KAFKA_SOURCE_TEXT_MAX], digest[2 * SHA256_LEN + 1];
	bool is_input = emit->is_input;
	struct err e;

	require(emit_encode(r, emit, in, &wire, &e));
	require(event_check(emit->event, &e)); /* workers and projector do */
	kafka_source_format(in->source.topic, in->source.partition,
			    in->source.offset, source);
	hex_encode(bytes_of(in->in.body_sha256, SHA256_LEN), digest);
	require(log_record_open(r->schemas, buffer_view(&wire),
				is_input ? source : NULL,
				is_input ? digest : NULL, &rec, &e));
	require(subject_apply(s, &rec.rec, &e));
}

static void
carry_out(struct registrar *r, struct subject *s, const struct wf_decision *d,
	  const struct intake *in)
{
	int64_t before = subject_sequence(s);

	require((d->emit_count > 0) ==
		(d->verdict != WF_REPEATED && d->verdict != WF_STILL_WAITING));
	for (size_t i = 0; i < d->emit_count; i++)
		append(r, s, &d->emits[i], in);
	require(subject_sequence(s) == before + (int64_t)d->emit_count);
}

static void
good(struct registrar *r, struct subject *s, const struct message *m,
     struct intake *in)
{
	AUTO(arena) struct arena *a = NULL;
	struct wf_decision d, again;
	uint8_t digest[SHA256_LEN];
	struct err e;

	require(strcmp(in->key, in->event->meta.tax_code) == 0);
	require(m->m.partition == kafka_partition_of(m->m.key, PARTITIONS));
	require(in->in.inbox != INBOX_NONE && event_check(in->event, &e));
	require(in->after_meta.data + in->after_meta.len ==
		m->m.value.data + m->m.value.len);
	sha256(in->in.body, digest);
	require(memcmp(digest, in->in.body_sha256, SHA256_LEN) == 0);
	if (strcmp(in->key, TAX) != 0)
		return; /* another subject's */
	require(arena_new(DECISION_OCTETS, &a, &e));
	require(wf_decide(&r->env, s, &in->in, a, &d, &e));
	carry_out(r, s, &d, in);
	/* The same again has no effect and the same outcome. */
	require(wf_decide(&r->env, s, &in->in, a, &again, &e));
	require(again.verdict == WF_REPEATED && again.emit_count == 0);
	require(again.outcome.result == d.outcome.result &&
		again.outcome.code == d.outcome.code);
}

static void
unreadable(struct registrar *r, struct subject *s, const struct message *m,
	   struct intake *in)
{
	AUTO(arena) struct arena *a = NULL;
	struct kafka_dead_letter dead;
	struct wf_decision d;
	struct err e;

	require(in->why.code != EV_REFUSAL_CODE_UNKNOWN);
	require(in->detail[0] != '\0');
	kafka_dead_letter_fill(&dead, &m->m, ev_refusal_code_name(in->why.code),
			       in->detail);
	require(bytes_equal(dead.record.value, m->m.value));
	require(bytes_equal(dead.record.key, m->m.key));
	if (strcmp(in->key, TAX) != 0)
		return;
	require(arena_new(DECISION_OCTETS, &a, &e));
	require(wf_refuse_unreadable(&r->env, s, &in->why, &in->source,
				     m->m.value, a, &d, &e));
	require(d.verdict == WF_REFUSED);
	carry_out(r, s, &d, in);
}

static bool
away(const struct message *m)
{
	static const uint8_t frame[] = { 0, 0x7f, 0xff, 0xff, 0xff };

	return m->m.value.len >= sizeof(frame) &&
	       memcmp(m->m.value.data, frame, sizeof(frame)) == 0;
}

static void
take(struct registrar *r, struct subject *s, const struct message *m)
{
	AUTO(intake) struct intake in = { 0 };
	struct err e = { 0 };

	if (!intake_open(r->schemas, &m->m, PARTITIONS, &in, &e)) {
		require(e.kind == ERR_RETRY && away(m));
		return;
	}
	if (in.kind == INTAKE_EVENT)
		good(r, s, m, &in);
	else if (in.kind == INTAKE_UNREADABLE)
		unreadable(r, s, m, &in);
	else
		require(kafka_partition_of(m->m.key, PARTITIONS) !=
			m->m.partition);
}

/* What waits is readable for as long as it waits. */
static void
look_at_waiting(struct registrar *r, const struct subject *s)
{
	const struct wf_deferred *d;
	struct err e;

	for (size_t i = 0; (d = subject_deferred(s, i)) != NULL; i++) {
		AUTO(intake) struct intake in = { 0 };

		require(i < (size_t)r->env.limits.deferred_max);
		require(intake_deferred(r->schemas, d, &in, &e));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct registrar *r = registrar();
	AUTO(subject) struct subject *s = NULL, *copy = NULL;
	AUTO(buffer) struct buffer octets = { 0 };
	struct feed in = { data, size };
	struct message m;
	struct err e;

	require(subject_new(TAX, &s, &e));
	for (size_t i = 0; in.left > 0 && i < MESSAGES_MAX; i++) {
		take_message(&in, &m);
		m.m.offset = (int64_t)i;
		take(r, s, &m);
	}
	look_at_waiting(r, s);
	require(subject_encode(s, &octets, &e));
	require(subject_decode(buffer_view(&octets), &copy, &e));
	require(subject_sequence(copy) == subject_sequence(s));
	return 0;
}
