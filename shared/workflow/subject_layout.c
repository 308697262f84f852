/* The members of struct wf_state, one line each: what a checkpoint holds. */
#include "event/event_desc.h"
#include "workflow/subject_state.h"

#define AT(owner, member) .name = #member, .offset = offsetof(owner, member)
#define TEXT(owner, member)                                                    \
	{                                                                      \
		AT(owner, member), .type = {                                   \
			.kind = EV_STRING,                                     \
			.size = sizeof(const char *)                           \
		}                                                              \
	}
#define TEXT_OR_NULL(owner, member)                                            \
	{                                                                      \
		AT(owner, member), .optional = true, .type = {                 \
			.kind = EV_STRING,                                     \
			.size = sizeof(const char *)                           \
		}                                                              \
	}
#define OCTETS(owner, member)                                                  \
	{                                                                      \
		AT(owner, member), .optional = true, .type = {                 \
			.kind = EV_BYTES,                                      \
			.size = sizeof(struct bytes)                           \
		}                                                              \
	}
#define INT(owner, member)                                                     \
	{                                                                      \
		AT(owner, member), .type = {                                   \
			.kind = EV_INT,                                        \
			.size = sizeof(int32_t)                                \
		}                                                              \
	}
#define LONG(owner, member)                                                    \
	{                                                                      \
		AT(owner, member), .type = {                                   \
			.kind = EV_LONG,                                       \
			.size = sizeof(int64_t)                                \
		}                                                              \
	}
#define FLAG(owner, member)                                                    \
	{                                                                      \
		AT(owner, member), .type = {                                   \
			.kind = EV_BOOLEAN,                                    \
			.size = sizeof(bool)                                   \
		}                                                              \
	}
#define ENUM(owner, member, of)                                                \
	{                                                                      \
		AT(owner, member), .type = {                                   \
			.kind = EV_ENUM,                                       \
			.size = sizeof(unsigned),                              \
			.symbols = &(of)                                       \
		}                                                              \
	}
#define DIGEST(owner, member)                                                  \
	{                                                                      \
		AT(owner, member), .type = {                                   \
			.kind = EV_FIXED,                                      \
			.size = sizeof(struct ev_sha256),                      \
			.name = "Sha256"                                       \
		}                                                              \
	}
#define UUID(owner, member)                                                    \
	{                                                                      \
		AT(owner, member), .type = {                                   \
			.kind = EV_FIXED,                                      \
			.size = sizeof(struct wf_uuid),                        \
			.name = "Uuid"                                         \
		}                                                              \
	}
#define RECORD(owner, member, of, c)                                           \
	{                                                                      \
		AT(owner, member), .type = {                                   \
			.kind = EV_RECORD,                                     \
			.size = sizeof(c),                                     \
			.record = &(of)                                        \
		}                                                              \
	}
#define RECORD_OR_NULL(owner, member, of, c)                                   \
	{                                                                      \
		AT(owner, member), .optional = true, .type = {                 \
			.kind = EV_RECORD,                                     \
			.size = sizeof(c),                                     \
			.record = &(of)                                        \
		}                                                              \
	}
#define LIST(owner, member, of, list_kind)                                     \
	{                                                                      \
		AT(owner, member), .type = {                                   \
			.kind = list_kind,                                     \
			.size = sizeof(struct ev_list),                        \
			.item = &(of)                                          \
		}                                                              \
	}
#define ITEM(c, of)                                                            \
	{                                                                      \
		.kind = EV_RECORD, .size = sizeof(c), .record = &(of)          \
	}
#define LAYOUT(title, c, fields)                                               \
	{                                                                      \
		title, sizeof(c), fields, sizeof(fields) / sizeof(fields[0])   \
	}
#define NAMES(states)                                                          \
	{                                                                      \
#states, states, sizeof(states) / sizeof(states[0])            \
	}

/* Only how many there are counts here; their names are in state_tables.c. */
static const char *const enrolment_states[WF_ENROLMENT__COUNT];
static const char *const ca_states[WF_CA__COUNT];
static const char *const use_states[WF_USE__COUNT];
static const char *const order_states[WF_ORDER__COUNT];
static const char *const status_states[WF_STATUS__COUNT];
static const char *const inboxes[INBOX__COUNT];
static const struct ev_enum enrolment_state = NAMES(enrolment_states);
static const struct ev_enum ca_state = NAMES(ca_states);
static const struct ev_enum use_state = NAMES(use_states);
static const struct ev_enum order_state = NAMES(order_states);
static const struct ev_enum status_state = NAMES(status_states);
static const struct ev_enum inbox = NAMES(inboxes);

static const struct ev_type text_item = { .kind = EV_STRING,
					  .size = sizeof(const char *) };
static const struct ev_type octets_item = { .kind = EV_BYTES,
					    .size = sizeof(struct bytes) };

/* clang-format off */
static const struct ev_field enrolment_fields[] = {
	TEXT(struct wf_enrolment, id),
	TEXT(struct wf_enrolment, owner),
	ENUM(struct wf_enrolment, state, enrolment_state),
	ENUM(struct wf_enrolment, key_algorithm, ev_enum_key_algorithm),
	LONG(struct wf_enrolment, since),
	FLAG(struct wf_enrolment, has_key),
	DIGEST(struct wf_enrolment, spki_sha256),
	TEXT_OR_NULL(struct wf_enrolment, key_ref.token),
	{ AT(struct wf_enrolment, key_ref.key_id),
	  .type = { .kind = EV_FIXED, .size = sizeof(struct ev_key_id) } },
	OCTETS(struct wf_enrolment, csr_der),
};
static const struct ev_record enrolment_layout =
	LAYOUT("enrolment", struct wf_enrolment, enrolment_fields);

static const struct ev_field approval_fields[] = {
	TEXT(struct wf_approval, event_id),
	TEXT(struct wf_approval, approver_id),
	DIGEST(struct wf_approval, spki_sha256),
	OCTETS(struct wf_approval, cms),
	TEXT_OR_NULL(struct wf_approval, enrolment_id),
};
static const struct ev_record approval_layout =
	LAYOUT("approval", struct wf_approval, approval_fields);

static const struct ev_field request_fields[] = {
	TEXT(struct wf_request, id),
	ENUM(struct wf_request, state, ev_enum_request_state),
	TEXT(struct wf_request, creator),
	LIST(struct wf_request, editors, text_item, EV_ARRAY),
	RECORD(struct wf_request, submission, ev_record_submission,
	       struct ev_submission),
	OCTETS(struct wf_request, submission_bytes),
	INT(struct wf_request, submission_schema_id),
	DIGEST(struct wf_request, submission_sha256),
	DIGEST(struct wf_request, uploaded_spki),
	RECORD_OR_NULL(struct wf_request, approval, approval_layout,
		       struct wf_approval),
	TEXT_OR_NULL(struct wf_request, order_id),
	LONG(struct wf_request, progressed_at),
};
static const struct ev_record request_layout =
	LAYOUT("request", struct wf_request, request_fields);

static const struct ev_field order_fields[] = {
	TEXT(struct wf_order, id),
	TEXT(struct wf_order, request_id),
	TEXT_OR_NULL(struct wf_order, enrolment_id),
	TEXT(struct wf_order, serial_number),
	ENUM(struct wf_order, state, order_state),
	DIGEST(struct wf_order, tbs_sha256),
	DIGEST(struct wf_order, spki_sha256),
	LONG(struct wf_order, not_before),
	LONG(struct wf_order, not_after),
};
static const struct ev_record order_layout =
	LAYOUT("order", struct wf_order, order_fields);

static const struct ev_field certificate_fields[] = {
	TEXT(struct wf_certificate_state, serial_number),
	TEXT(struct wf_certificate_state, order_id),
	TEXT_OR_NULL(struct wf_certificate_state, enrolment_id),
	ENUM(struct wf_certificate_state, ca, ca_state),
	ENUM(struct wf_certificate_state, use, use_state),
	FLAG(struct wf_certificate_state, given_up),
	DIGEST(struct wf_certificate_state, spki_sha256),
	LONG(struct wf_certificate_state, not_before),
	LONG(struct wf_certificate_state, not_after),
	OCTETS(struct wf_certificate_state, certificate_der),
};
static const struct ev_record certificate_layout =
	LAYOUT("certificate", struct wf_certificate_state, certificate_fields);

static const struct ev_field seen_fields[] = {
	ENUM(struct wf_seen, inbox, inbox),
	UUID(struct wf_seen, event_id),
	DIGEST(struct wf_seen, body_sha256),
	ENUM(struct wf_seen, result, ev_enum_outcome_result),
	ENUM(struct wf_seen, code, ev_enum_refusal_code),
	TEXT_OR_NULL(struct wf_seen, field),
	LONG(struct wf_seen, sequence),
};
static const struct ev_record seen_layout =
	LAYOUT("seen", struct wf_seen, seen_fields);

static const struct ev_field status_change_fields[] = {
	TEXT(struct wf_status_change, id),
	TEXT(struct wf_status_change, serial_number),
	TEXT(struct wf_status_change, requester),
	ENUM(struct wf_status_change, state, status_state),
	FLAG(struct wf_status_change, resumes),
	ENUM(struct wf_status_change, reason, ev_enum_revocation_reason),
	FLAG(struct wf_status_change, has_invalidity_date),
	LONG(struct wf_status_change, invalidity_date),
};
static const struct ev_record status_change_layout = LAYOUT(
	"status_change", struct wf_status_change, status_change_fields);

static const struct ev_field waiting_fields[] = {
	UUID(struct wf_waiting, event_id),
	DIGEST(struct wf_waiting, body_sha256),
	TEXT_OR_NULL(struct wf_waiting, object),
	ENUM(struct wf_waiting, inbox, inbox),
	TEXT(struct wf_waiting, event_name),
	ENUM(struct wf_waiting, waiting_for, ev_enum_refusal_code),
	RECORD(struct wf_waiting, source, ev_record_source_position,
	       struct ev_source_position),
	LONG(struct wf_waiting, recorded_at),
	LONG(struct wf_waiting, deadline),
	OCTETS(struct wf_waiting, payload),
	LIST(struct wf_waiting, headers, octets_item, EV_MAP),
};
static const struct ev_record waiting_layout =
	LAYOUT("waiting", struct wf_waiting, waiting_fields);

static const struct ev_type enrolment_item =
	ITEM(struct wf_enrolment, enrolment_layout);
static const struct ev_type request_item =
	ITEM(struct wf_request, request_layout);
static const struct ev_type order_item = ITEM(struct wf_order, order_layout);
static const struct ev_type certificate_item =
	ITEM(struct wf_certificate_state, certificate_layout);
static const struct ev_type seen_item = ITEM(struct wf_seen, seen_layout);
static const struct ev_type status_change_item =
	ITEM(struct wf_status_change, status_change_layout);
static const struct ev_type waiting_item =
	ITEM(struct wf_waiting, waiting_layout);

static const struct ev_field state_fields[] = {
	TEXT(struct wf_state, tax_code),
	LONG(struct wf_state, sequence),
	RECORD_OR_NULL(struct wf_state, customer, ev_record_customer,
		       struct ev_customer),
	TEXT_OR_NULL(struct wf_state, customer_request),
	LIST(struct wf_state, enrolments, enrolment_item, EV_ARRAY),
	LIST(struct wf_state, requests, request_item, EV_ARRAY),
	LIST(struct wf_state, orders, order_item, EV_ARRAY),
	LIST(struct wf_state, certificates, certificate_item, EV_ARRAY),
	LIST(struct wf_state, seen, seen_item, EV_ARRAY),
	LIST(struct wf_state, waiting, waiting_item, EV_ARRAY),
	LIST(struct wf_state, revoked, text_item, EV_ARRAY),
	LIST(struct wf_state, status_changes, status_change_item, EV_ARRAY),
};
/* clang-format on */

const struct ev_record wf_state_layout =
	LAYOUT("state", struct wf_state, state_fields);
