#include "projector/tables.h"

// clang-format off
#define COLUMN_ROW(table, column, type, group) \
	[table##_##column] = { #column, DB_##type, COLUMN_##group, NULL, NULL },

static const struct column customer[] = { CUSTOMER_COLUMNS(COLUMN_ROW) };
static const struct column person[] = { PERSON_COLUMNS(COLUMN_ROW) };
static const struct column erasure[] = { ERASURE_COLUMNS(COLUMN_ROW) };
static const struct column enrolment[] = { ENROLMENT_COLUMNS(COLUMN_ROW) };
static const struct column order[] = { ORDER_COLUMNS(COLUMN_ROW) };
static const struct column certificate[] = { CERTIFICATE_COLUMNS(COLUMN_ROW) };
static const struct column use_history[] = { USE_HISTORY_COLUMNS(COLUMN_ROW) };
static const struct column ca_history[] = { CA_HISTORY_COLUMNS(COLUMN_ROW) };
static const struct column status_change[] = {
	STATUS_CHANGE_COLUMNS(COLUMN_ROW)
};
static const struct column rejected[] = { REJECTED_COLUMNS(COLUMN_ROW) };
static const struct column refusal[] = { REFUSAL_COLUMNS(COLUMN_ROW) };
static const struct column deferred[] = { DEFERRED_COLUMNS(COLUMN_ROW) };
static const struct column dead_letter[] = { DEAD_LETTER_COLUMNS(COLUMN_ROW) };

/* Columns whose SQL is not just the value; a later initialiser wins, which
 * is what is wanted here and nowhere else. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
#ifdef __clang__
#pragma GCC diagnostic ignored "-Winitializer-overrides"
#endif
static const struct column request[] = {
	REQUEST_COLUMNS(COLUMN_ROW)
	[REQUEST_editor_ids] = { "editor_ids", DB_TEXT, COLUMN_SUBMISSION,
		"string_to_array(n.editor_ids, E'\\x1f')",
		"t.editor_ids || ARRAY(SELECT x FROM unnest(string_to_array("
		"n.editor_ids, E'\\x1f')) AS x WHERE x <> ALL (t.editor_ids))" },
	/* A revision may drop these: NULL is a value, not "unchanged". */
	[REQUEST_previous_serial_number] = { "previous_serial_number", DB_TEXT,
		COLUMN_SUBMISSION, NULL, "n.previous_serial_number" },
	[REQUEST_locality] = { "locality", DB_TEXT, COLUMN_SUBMISSION, NULL,
		"n.locality" },
	[REQUEST_personal_ref] = { "personal_ref", DB_UUID, COLUMN_SUBMISSION,
		NULL, "n.personal_ref" },
	[REQUEST_personal_commitment] = { "personal_commitment", DB_BYTEA,
		COLUMN_SUBMISSION, NULL, "n.personal_commitment" },
	[REQUEST_csr_der] = { "csr_der", DB_BYTEA, COLUMN_SUBMISSION, NULL,
		"n.csr_der" },
	[REQUEST_enrolment_id] = { "enrolment_id", DB_UUID, COLUMN_PROGRESS,
		NULL, "n.enrolment_id" },
	[REQUEST_submission_spki_sha256] = { "submission_spki_sha256", DB_BYTEA,
		COLUMN_SUBMISSION, NULL, "n.submission_spki_sha256" },
	[REQUEST_csr_organization] = { "csr_organization", DB_TEXT,
		COLUMN_SUBMISSION, NULL, "n.csr_organization" },
	[REQUEST_csr_common_name] = { "csr_common_name", DB_TEXT,
		COLUMN_SUBMISSION, NULL, "n.csr_common_name" },
};
static const struct column timeline[] = {
	TIMELINE_COLUMNS(COLUMN_ROW)
	[TIMELINE_message_vi] = { "message_vi", DB_TEXT, COLUMN_CREATION,
		"coalesce(n.message_vi, x.message_vi, n.event_name)", NULL },
	[TIMELINE_message_en] = { "message_en", DB_TEXT, COLUMN_CREATION,
		"coalesce(n.message_en, x.message_en, n.event_name)", NULL },
};
#pragma GCC diagnostic pop

#define CHANGING(name, table, columns, grows) \
	{ name, columns, table##__COUNT, table##_##grows, false, NULL, NULL }
#define APPENDED(name, table, columns) \
	{ name, columns, table##__COUNT, 0, true, NULL, NULL }

const struct table projector_tables[TABLE__COUNT] = {
	[TABLE_CUSTOMER] = CHANGING("customer", CUSTOMER, customer, sequence),
	[TABLE_REQUEST] = CHANGING("request", REQUEST, request, sequence),
	[TABLE_ENROLMENT] =
		CHANGING("enrolment", ENROLMENT, enrolment, sequence),
	[TABLE_ORDER] = CHANGING("issuance_order", ORDER, order, sequence),
	[TABLE_CERTIFICATE] =
		CHANGING("certificate", CERTIFICATE, certificate, sequence),
	[TABLE_USE_HISTORY] =
		APPENDED("certificate_use_history", USE_HISTORY, use_history),
	[TABLE_CA_HISTORY] =
		APPENDED("certificate_ca_history", CA_HISTORY, ca_history),
	[TABLE_STATUS_CHANGE] = CHANGING("status_change", STATUS_CHANGE,
		status_change, sequence),
	[TABLE_REJECTED] = APPENDED("certificate_rejected", REJECTED, rejected),
	[TABLE_TIMELINE] = { "request_event", timeline, TIMELINE__COUNT, 0,
		true, "LEFT JOIN event_text x ON x.event_name = n.event_name",
		NULL },
	[TABLE_REFUSAL] = APPENDED("refusal", REFUSAL, refusal),
	[TABLE_DEFERRED] = APPENDED("deferred_event", DEFERRED, deferred),
	[TABLE_DEAD_LETTER] =
		APPENDED("dead_letter", DEAD_LETTER, dead_letter),
	[TABLE_ERASURE] =
		CHANGING("personal_erasure", ERASURE, erasure, source_offset),
	[TABLE_PERSON] = { "legal_representative", person, PERSON__COUNT,
		PERSON_source_offset, false, NULL,
		"NOT EXISTS (SELECT FROM personal_erasure x"
		" WHERE x.personal_ref = n.personal_ref"
		" AND x.source_offset > n.source_offset)" },
};
// clang-format on
