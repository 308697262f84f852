/*
 * tables.h - the tables that the projector writes, and their columns.
 *
 * One list per table gives both the enum that folding code uses and the
 * descriptions that SQL is generated from; schemas/sql/read_model is the
 * truth that both must agree with, checked by the database at first use.
 *
 *   X(table, column, type, group)
 */
#ifndef CERTFLOW_PROJECTOR_TABLES_H
#define CERTFLOW_PROJECTOR_TABLES_H

#include "projector/rows.h"

// clang-format off
#define CUSTOMER_COLUMNS(X)						\
	X(CUSTOMER, tax_code, TEXT, KEY)				\
	X(CUSTOMER, legal_name, TEXT, PROGRESS)				\
	X(CUSTOMER, certificate_name, TEXT, PROGRESS)			\
	X(CUSTOMER, province, TEXT, PROGRESS)				\
	X(CUSTOMER, locality, TEXT, PROGRESS)				\
	X(CUSTOMER, address, TEXT, PROGRESS)				\
	X(CUSTOMER, country, TEXT, PROGRESS)				\
	X(CUSTOMER, personal_ref, UUID, PROGRESS)			\
	X(CUSTOMER, personal_commitment, BYTEA, PROGRESS)		\
	X(CUSTOMER, request_id, UUID, PROGRESS)				\
	X(CUSTOMER, revision, INT4, PROGRESS)				\
	X(CUSTOMER, approved_at, TIME, PROGRESS)			\
	X(CUSTOMER, sequence, INT8, PROGRESS)

#define PERSON_COLUMNS(X)						\
	X(PERSON, personal_ref, UUID, KEY)				\
	X(PERSON, commitment, BYTEA, PROGRESS)				\
	X(PERSON, full_name, TEXT, PROGRESS)				\
	X(PERSON, position, TEXT, PROGRESS)				\
	X(PERSON, id_document_type, TEXT, PROGRESS)			\
	X(PERSON, id_number, TEXT, PROGRESS)				\
	X(PERSON, email, TEXT, PROGRESS)				\
	X(PERSON, phone, TEXT, PROGRESS)				\
	X(PERSON, source_partition, INT4, PROGRESS)			\
	X(PERSON, source_offset, INT8, PROGRESS)

#define ERASURE_COLUMNS(X)						\
	X(ERASURE, personal_ref, UUID, KEY)				\
	X(ERASURE, erased_at, TIME, PROGRESS)				\
	X(ERASURE, source_partition, INT4, PROGRESS)			\
	X(ERASURE, source_offset, INT8, PROGRESS)

#define ENROLMENT_COLUMNS(X)						\
	X(ENROLMENT, enrolment_id, UUID, KEY)				\
	X(ENROLMENT, tax_code, TEXT, CREATION)				\
	X(ENROLMENT, owner_id, TEXT, CREATION)				\
	X(ENROLMENT, certificate_type, TEXT, CREATION)			\
	X(ENROLMENT, unit_kind, TEXT, CREATION)				\
	X(ENROLMENT, requested_at, TIME, CREATION)			\
	X(ENROLMENT, key_algorithm, TEXT, PROGRESS)			\
	X(ENROLMENT, state, TEXT, PROGRESS)				\
	X(ENROLMENT, token, TEXT, PROGRESS)				\
	X(ENROLMENT, key_id, BYTEA, PROGRESS)				\
	X(ENROLMENT, csr_der, BYTEA, PROGRESS)				\
	X(ENROLMENT, spki_sha256, BYTEA, PROGRESS)			\
	X(ENROLMENT, key_sensitive, BOOL, PROGRESS)			\
	X(ENROLMENT, key_extractable, BOOL, PROGRESS)			\
	X(ENROLMENT, key_always_sensitive, BOOL, PROGRESS)		\
	X(ENROLMENT, key_never_extractable, BOOL, PROGRESS)		\
	X(ENROLMENT, key_local, BOOL, PROGRESS)				\
	X(ENROLMENT, detail, TEXT, PROGRESS)				\
	X(ENROLMENT, generated_at, TIME, PROGRESS)			\
	X(ENROLMENT, saved_at, TIME, PROGRESS)				\
	X(ENROLMENT, ended_at, TIME, PROGRESS)				\
	X(ENROLMENT, sequence, INT8, PROGRESS)

#define REQUEST_COLUMNS(X)						\
	X(REQUEST, request_id, UUID, KEY)				\
	X(REQUEST, tax_code, TEXT, CREATION)				\
	X(REQUEST, submitted_at, TIME, CREATION)			\
	X(REQUEST, revision, INT4, SUBMISSION)				\
	X(REQUEST, request_type, TEXT, SUBMISSION)			\
	X(REQUEST, previous_serial_number, TEXT, SUBMISSION)		\
	X(REQUEST, customer_source, TEXT, SUBMISSION)			\
	X(REQUEST, legal_name, TEXT, SUBMISSION)			\
	X(REQUEST, certificate_name, TEXT, SUBMISSION)			\
	X(REQUEST, province, TEXT, SUBMISSION)				\
	X(REQUEST, locality, TEXT, SUBMISSION)				\
	X(REQUEST, address, TEXT, SUBMISSION)				\
	X(REQUEST, country, TEXT, SUBMISSION)				\
	X(REQUEST, personal_ref, UUID, SUBMISSION)			\
	X(REQUEST, personal_commitment, BYTEA, SUBMISSION)		\
	X(REQUEST, device_type, TEXT, SUBMISSION)			\
	X(REQUEST, product_package, TEXT, SUBMISSION)			\
	X(REQUEST, validity_months, INT4, SUBMISSION)			\
	X(REQUEST, subscription_scheme_code, TEXT, SUBMISSION)		\
	X(REQUEST, contract_number, TEXT, SUBMISSION)			\
	X(REQUEST, contract_signed_on, DATE, SUBMISSION)		\
	X(REQUEST, contract_months, INT4, SUBMISSION)			\
	X(REQUEST, contract_months_free, INT4, SUBMISSION)		\
	X(REQUEST, dossier, JSONB, SUBMISSION)				\
	X(REQUEST, csr_source, TEXT, SUBMISSION)			\
	X(REQUEST, csr_der, BYTEA, SUBMISSION)				\
	X(REQUEST, accept_shortened_validity, BOOL, SUBMISSION)		\
	X(REQUEST, submission_sha256, BYTEA, SUBMISSION)		\
	X(REQUEST, submission_spki_sha256, BYTEA, SUBMISSION)		\
	X(REQUEST, csr_organization, TEXT, SUBMISSION)			\
	X(REQUEST, csr_common_name, TEXT, SUBMISSION)			\
	X(REQUEST, revised_at, TIME, SUBMISSION)			\
	X(REQUEST, editor_ids, TEXT, SUBMISSION)			\
	X(REQUEST, enrolment_id, UUID, PROGRESS)			\
	X(REQUEST, state, TEXT, PROGRESS)				\
	X(REQUEST, creator_id, TEXT, PROGRESS)				\
	X(REQUEST, approver_id, TEXT, PROGRESS)				\
	X(REQUEST, approved_at, TIME, PROGRESS)				\
	X(REQUEST, approved_revision, INT4, PROGRESS)			\
	X(REQUEST, spki_sha256, BYTEA, PROGRESS)			\
	X(REQUEST, issuance_requested_at, TIME, PROGRESS)		\
	X(REQUEST, order_id, UUID, PROGRESS)				\
	X(REQUEST, serial_number, TEXT, PROGRESS)			\
	X(REQUEST, validity_capped, BOOL, PROGRESS)			\
	X(REQUEST, issued_at, TIME, PROGRESS)				\
	X(REQUEST, reason, TEXT, PROGRESS)				\
	X(REQUEST, updated_at, TIME, PROGRESS)				\
	X(REQUEST, sequence, INT8, PROGRESS)

#define ORDER_COLUMNS(X)						\
	X(ORDER, order_id, UUID, KEY)					\
	X(ORDER, tax_code, TEXT, CREATION)				\
	X(ORDER, request_id, UUID, CREATION)				\
	X(ORDER, revision, INT4, CREATION)				\
	X(ORDER, enrolment_id, UUID, CREATION)				\
	X(ORDER, serial_number, TEXT, CREATION)				\
	X(ORDER, spki_sha256, BYTEA, CREATION)				\
	X(ORDER, issuer_certificate_sha256, BYTEA, CREATION)		\
	X(ORDER, profile_name, TEXT, CREATION)				\
	X(ORDER, profile_sha256, BYTEA, CREATION)			\
	X(ORDER, not_before, TIME, CREATION)				\
	X(ORDER, not_after, TIME, CREATION)				\
	X(ORDER, validity_capped, BOOL, CREATION)			\
	X(ORDER, sign_before, TIME, CREATION)				\
	X(ORDER, ordered_at, TIME, CREATION)				\
	X(ORDER, state, TEXT, PROGRESS)					\
	X(ORDER, decided_at, TIME, PROGRESS)				\
	X(ORDER, detail, TEXT, PROGRESS)				\
	X(ORDER, sequence, INT8, PROGRESS)

#define CERTIFICATE_COLUMNS(X)						\
	X(CERTIFICATE, serial_number, TEXT, KEY)			\
	X(CERTIFICATE, tax_code, TEXT, CREATION)			\
	X(CERTIFICATE, request_id, UUID, CREATION)			\
	X(CERTIFICATE, order_id, UUID, CREATION)			\
	X(CERTIFICATE, enrolment_id, UUID, CREATION)			\
	X(CERTIFICATE, not_before, TIME, CREATION)			\
	X(CERTIFICATE, not_after, TIME, CREATION)			\
	X(CERTIFICATE, certificate_der, BYTEA, CREATION)		\
	X(CERTIFICATE, spki_sha256, BYTEA, CREATION)			\
	X(CERTIFICATE, issuer_certificate_sha256, BYTEA, CREATION)	\
	X(CERTIFICATE, signed_at, TIME, CREATION)			\
	X(CERTIFICATE, issued_at, TIME, CREATION)			\
	X(CERTIFICATE, issued_sequence, INT8, CREATION)			\
	X(CERTIFICATE, use_state, TEXT, PROGRESS)			\
	X(CERTIFICATE, ca_state, TEXT, PROGRESS)			\
	X(CERTIFICATE, activated_at, TIME, PROGRESS)			\
	X(CERTIFICATE, revocation_reason, TEXT, PROGRESS)		\
	X(CERTIFICATE, sequence, INT8, PROGRESS)

#define USE_HISTORY_COLUMNS(X)						\
	X(USE_HISTORY, serial_number, TEXT, KEY)			\
	X(USE_HISTORY, sequence, INT8, KEY)				\
	X(USE_HISTORY, effective_at, TIME, CREATION)			\
	X(USE_HISTORY, state, TEXT, CREATION)

#define CA_HISTORY_COLUMNS(X)						\
	X(CA_HISTORY, serial_number, TEXT, KEY)				\
	X(CA_HISTORY, sequence, INT8, KEY)				\
	X(CA_HISTORY, effective_at, TIME, CREATION)			\
	X(CA_HISTORY, state, TEXT, CREATION)				\
	X(CA_HISTORY, reason, TEXT, CREATION)				\
	X(CA_HISTORY, invalidity_date, TIME, CREATION)

#define STATUS_CHANGE_COLUMNS(X)					\
	X(STATUS_CHANGE, status_change_id, UUID, KEY)			\
	X(STATUS_CHANGE, tax_code, TEXT, CREATION)			\
	X(STATUS_CHANGE, serial_number, TEXT, CREATION)			\
	X(STATUS_CHANGE, kind, TEXT, CREATION)				\
	X(STATUS_CHANGE, reason, TEXT, CREATION)			\
	X(STATUS_CHANGE, reason_text, TEXT, CREATION)			\
	X(STATUS_CHANGE, invalidity_date, TIME, CREATION)		\
	X(STATUS_CHANGE, evidence_sha256, BYTEA, CREATION)		\
	X(STATUS_CHANGE, requester, TEXT, CREATION)			\
	X(STATUS_CHANGE, requested_by, TEXT, CREATION)			\
	X(STATUS_CHANGE, requested_at, TIME, CREATION)			\
	X(STATUS_CHANGE, state, TEXT, PROGRESS)				\
	X(STATUS_CHANGE, decided_by, TEXT, PROGRESS)			\
	X(STATUS_CHANGE, decided_at, TIME, PROGRESS)			\
	X(STATUS_CHANGE, decision_reason, TEXT, PROGRESS)		\
	X(STATUS_CHANGE, sequence, INT8, PROGRESS)

#define REJECTED_COLUMNS(X)						\
	X(REJECTED, tax_code, TEXT, KEY)				\
	X(REJECTED, sequence, INT8, KEY)				\
	X(REJECTED, order_id, UUID, CREATION)				\
	X(REJECTED, code, TEXT, CREATION)				\
	X(REJECTED, certificate_der, BYTEA, CREATION)			\
	X(REJECTED, recorded_at, TIME, CREATION)

#define TIMELINE_COLUMNS(X)						\
	X(TIMELINE, tax_code, TEXT, KEY)				\
	X(TIMELINE, sequence, INT8, KEY)				\
	X(TIMELINE, event_id, UUID, CREATION)				\
	X(TIMELINE, event_name, TEXT, CREATION)				\
	X(TIMELINE, recorded_at, TIME, CREATION)			\
	X(TIMELINE, occurred_at, TIME, CREATION)			\
	X(TIMELINE, actor_id, TEXT, CREATION)				\
	X(TIMELINE, actor_role, TEXT, CREATION)				\
	X(TIMELINE, causation_id, UUID, CREATION)			\
	X(TIMELINE, request_id, UUID, CREATION)				\
	X(TIMELINE, enrolment_id, UUID, CREATION)			\
	X(TIMELINE, order_id, UUID, CREATION)				\
	X(TIMELINE, serial_number, TEXT, CREATION)			\
	X(TIMELINE, revision, INT4, CREATION)				\
	X(TIMELINE, message_vi, TEXT, CREATION)				\
	X(TIMELINE, message_en, TEXT, CREATION)				\
	X(TIMELINE, detail, TEXT, CREATION)				\
	X(TIMELINE, source, TEXT, CREATION)				\
	X(TIMELINE, log_partition, INT4, CREATION)			\
	X(TIMELINE, log_offset, INT8, CREATION)

#define REFUSAL_COLUMNS(X)						\
	X(REFUSAL, tax_code, TEXT, KEY)					\
	X(REFUSAL, sequence, INT8, KEY)					\
	X(REFUSAL, event_id, UUID, CREATION)				\
	X(REFUSAL, refused_event_id, UUID, CREATION)			\
	X(REFUSAL, event_name, TEXT, CREATION)				\
	X(REFUSAL, code, TEXT, CREATION)				\
	X(REFUSAL, field, TEXT, CREATION)				\
	X(REFUSAL, message_vi, TEXT, CREATION)				\
	X(REFUSAL, message_en, TEXT, CREATION)				\
	X(REFUSAL, params, JSONB, CREATION)				\
	X(REFUSAL, source_topic, TEXT, CREATION)			\
	X(REFUSAL, source_partition, INT4, CREATION)			\
	X(REFUSAL, source_offset, INT8, CREATION)			\
	X(REFUSAL, payload_sha256, BYTEA, CREATION)			\
	X(REFUSAL, recorded_at, TIME, CREATION)

#define DEFERRED_COLUMNS(X)						\
	X(DEFERRED, tax_code, TEXT, KEY)				\
	X(DEFERRED, sequence, INT8, KEY)				\
	X(DEFERRED, event_name, TEXT, CREATION)				\
	X(DEFERRED, waiting_for, TEXT, CREATION)			\
	X(DEFERRED, deadline, TIME, CREATION)				\
	X(DEFERRED, source, TEXT, CREATION)				\
	X(DEFERRED, recorded_at, TIME, CREATION)

#define DEAD_LETTER_COLUMNS(X)						\
	X(DEAD_LETTER, topic, TEXT, KEY)				\
	X(DEAD_LETTER, partition, INT4, KEY)				\
	X(DEAD_LETTER, record_offset, INT8, KEY)			\
	X(DEAD_LETTER, reason, TEXT, CREATION)

#define COLUMN_ENUM(table, column, type, group) table##_##column,

enum { CUSTOMER_COLUMNS(COLUMN_ENUM) CUSTOMER__COUNT };
enum { PERSON_COLUMNS(COLUMN_ENUM) PERSON__COUNT };
enum { ERASURE_COLUMNS(COLUMN_ENUM) ERASURE__COUNT };
enum { ENROLMENT_COLUMNS(COLUMN_ENUM) ENROLMENT__COUNT };
enum { REQUEST_COLUMNS(COLUMN_ENUM) REQUEST__COUNT };
enum { ORDER_COLUMNS(COLUMN_ENUM) ORDER__COUNT };
enum { CERTIFICATE_COLUMNS(COLUMN_ENUM) CERTIFICATE__COUNT };
enum { USE_HISTORY_COLUMNS(COLUMN_ENUM) USE_HISTORY__COUNT };
enum { CA_HISTORY_COLUMNS(COLUMN_ENUM) CA_HISTORY__COUNT };
enum { STATUS_CHANGE_COLUMNS(COLUMN_ENUM) STATUS_CHANGE__COUNT };
enum { REJECTED_COLUMNS(COLUMN_ENUM) REJECTED__COUNT };
enum { TIMELINE_COLUMNS(COLUMN_ENUM) TIMELINE__COUNT };
enum { REFUSAL_COLUMNS(COLUMN_ENUM) REFUSAL__COUNT };
enum { DEFERRED_COLUMNS(COLUMN_ENUM) DEFERRED__COUNT };
enum { DEAD_LETTER_COLUMNS(COLUMN_ENUM) DEAD_LETTER__COUNT };
// clang-format on

enum table_id {
	TABLE_CUSTOMER, /* read from request rows: before those change */
	TABLE_REQUEST,
	TABLE_ENROLMENT,
	TABLE_ORDER,
	TABLE_CERTIFICATE,
	TABLE_USE_HISTORY,
	TABLE_CA_HISTORY,
	TABLE_STATUS_CHANGE,
	TABLE_REJECTED,
	TABLE_TIMELINE,
	TABLE_REFUSAL,
	TABLE_DEFERRED,
	TABLE_DEAD_LETTER,
	TABLE_ERASURE, /* before PERSON, which looks at it */
	TABLE_PERSON,
	TABLE__COUNT
};

/** In the order in which they are written. */
extern const struct table projector_tables[TABLE__COUNT];

/* editor_ids travels as one text: the ids with this between them. */
#define EDITOR_SEPARATOR "\x1f"

#endif
