#include "workflow/states.h"

#define ENROLMENT(s) WF_ENROLMENT, WF_ENROLMENT_##s
#define REQUEST(s) WF_REQUEST, EV_REQUEST_STATE_##s
#define CA(s) WF_CA, WF_CA_##s
#define USE(s) WF_USE, WF_USE_##s
#define STATUS(s) WF_STATUS, WF_STATUS_##s
#define ON(event) EVENT_##event, WF_CASE_PLAIN
#define ON_CASE(event, which) EVENT_##event, WF_CASE_##which
#define TO_ENROLMENT(s) .to = WF_ENROLMENT_##s
#define TO_REQUEST(s) .to = EV_REQUEST_STATE_##s
#define TO_CA(s) .to = WF_CA_##s
#define TO_USE(s) .to = WF_USE_##s
#define TO_STATUS(s) .to = WF_STATUS_##s
#define R(code) EV_REFUSAL_CODE_##code

/* In the order in which a submission is judged. */
#define SUBMISSION_GUARDS                                                      \
	R(NAME_CHARACTER), R(NAME_NOT_NFC), R(NAME_TOO_LONG),                  \
		R(LEGAL_REPRESENTATIVE_MISSING), R(CUSTOMER_NOT_FOUND),        \
		R(CUSTOMER_EXISTS), R(CUSTOMER_DIFFERS), R(MONTHS_RANGE),      \
		R(PRODUCT_UNKNOWN), R(PRODUCT_NOT_IN_FORCE),                   \
		R(CONTRACT_MISMATCH), R(DOSSIER_TYPE), R(DOSSIER_INCOMPLETE),  \
		R(PREVIOUS_CERTIFICATE), R(CA_NOT_VALID),                      \
		R(VALIDITY_SHORTENED), R(LINT), R(KEY_NOT_LOCAL), R(CSR_NONE), \
		R(ENROLMENT_UNKNOWN), R(KEY_USED)

/* The certificate must be there, and in a state that can be changed. */
#define STATUS_GUARDS R(DUPLICATE_ID), R(CERTIFICATE_UNKNOWN), R(STATE)

/* clang-format off */
static const struct wf_row rows[] = {
/* --- enrolment: one key pair with its CSR ------------------------------ */
{ ENROLMENT(NONE), ON(KEY_PAIR_REQUESTED), TO_ENROLMENT(REQUESTED),
  .guards = { R(UNIT_KIND), R(DUPLICATE_ID), R(LIMIT) } },
{ ENROLMENT(REQUESTED), ON(CSR_GENERATED), TO_ENROLMENT(CSR_GENERATED),
  .guards = { R(CSR_MALFORMED), R(CSR_TRAILING_BYTES), R(CSR_SIGNATURE),
	      R(CSR_ALGORITHM), R(CSR_TAX_CODE), R(CSR_PERSONAL_DATA),
	      R(KEY_SIZE), R(KEY_EXPONENT), R(KEY_CURVE), R(KEY_POINT),
	      R(KEY_IS_CA_KEY), R(KEY_ATTRIBUTES), R(ORDER_MISMATCH),
	      R(KEY_USED) } },
{ ENROLMENT(REQUESTED), ON(KEY_PAIR_FAILED), TO_ENROLMENT(FAILED) },
{ ENROLMENT(REQUESTED), ON(ENROLMENT_SAVED), .waits = true, .to = WF_SAME,
  .guards = { R(NOT_OWNER) } },
{ ENROLMENT(CSR_GENERATED), ON(ENROLMENT_SAVED), TO_ENROLMENT(SAVED),
  .guards = { R(NOT_OWNER) } },
{ ENROLMENT(REQUESTED), ON(ENROLMENT_ABANDONED), .by_clock = true,
  TO_ENROLMENT(ABANDONED) },
{ ENROLMENT(CSR_GENERATED), ON(ENROLMENT_ABANDONED), .by_clock = true,
  TO_ENROLMENT(ABANDONED) },
{ ENROLMENT(SAVED), ON(ENROLMENT_ABANDONED), .by_clock = true,
  TO_ENROLMENT(ABANDONED) },
{ ENROLMENT(SAVED), ON(CERTIFICATE_ISSUED), TO_ENROLMENT(CERTIFIED),
  .guards = { R(ORDER_MISMATCH) } },
{ ENROLMENT(ABANDONED), ON(KEY_PAIR_DESTROYED), TO_ENROLMENT(DESTROYED) },
{ WF_ENROLMENT, WF_ANY, ON_CASE(KEY_PAIR_DESTROYED, LOST_RACE),
  .to = WF_SAME, .guards = { R(STATE) } },

/* --- request: what the officer asks for -------------------------------- */
{ REQUEST(UNKNOWN), ON(REQUEST_SUBMITTED), TO_REQUEST(PENDING_APPROVAL),
  .guards = { R(DUPLICATE_ID), R(REQUEST_UNKNOWN), R(LIMIT),
	      SUBMISSION_GUARDS } },
{ REQUEST(RETURNED), ON_CASE(REQUEST_SUBMITTED, REVISION),
  TO_REQUEST(PENDING_APPROVAL),
  .guards = { R(NOT_CREATOR), R(REVISION_STALE), SUBMISSION_GUARDS } },
{ REQUEST(PENDING_APPROVAL), ON(REQUEST_APPROVED), TO_REQUEST(APPROVED),
  .guards = { R(FOUR_EYES), R(REVISION_STALE), R(DIGEST_MISMATCH),
	      R(CSR_NONE), R(CSR_SEVERAL), R(KEY_NOT_APPROVED),
	      R(APPROVAL_SIGNATURE) } },
{ REQUEST(PENDING_APPROVAL), ON(REQUEST_RETURNED), TO_REQUEST(RETURNED),
  .guards = { R(FOUR_EYES), R(REVISION_STALE) } },
{ REQUEST(APPROVED), ON(REQUEST_RETURNED), TO_REQUEST(RETURNED),
  .guards = { R(FOUR_EYES), R(REVISION_STALE) } },
{ REQUEST(ISSUANCE_FAILED), ON(REQUEST_RETURNED), TO_REQUEST(RETURNED),
  .guards = { R(FOUR_EYES), R(REVISION_STALE) } },
{ REQUEST(PENDING_APPROVAL), ON(REQUEST_REJECTED), TO_REQUEST(REJECTED),
  .guards = { R(FOUR_EYES), R(REVISION_STALE) } },
{ REQUEST(PENDING_APPROVAL), ON(REQUEST_WITHDRAWN), TO_REQUEST(WITHDRAWN),
  .guards = { R(NOT_CREATOR) } },
{ REQUEST(RETURNED), ON(REQUEST_WITHDRAWN), TO_REQUEST(WITHDRAWN),
  .guards = { R(NOT_CREATOR) } },
{ REQUEST(APPROVED), ON(REQUEST_WITHDRAWN), TO_REQUEST(WITHDRAWN),
  .guards = { R(NOT_CREATOR) } },
{ REQUEST(ISSUANCE_FAILED), ON(REQUEST_WITHDRAWN), TO_REQUEST(WITHDRAWN),
  .guards = { R(NOT_CREATOR) } },
{ REQUEST(PENDING_APPROVAL), ON(REQUEST_REASSIGNED), .to = WF_SAME,
  .guards = { R(FOUR_EYES) } },
{ REQUEST(RETURNED), ON(REQUEST_REASSIGNED), .to = WF_SAME,
  .guards = { R(FOUR_EYES) } },
{ REQUEST(APPROVED), ON(REQUEST_REASSIGNED), .to = WF_SAME,
  .guards = { R(FOUR_EYES) } },
{ REQUEST(ISSUANCE_FAILED), ON(REQUEST_REASSIGNED), .to = WF_SAME,
  .guards = { R(FOUR_EYES) } },
{ REQUEST(PENDING_APPROVAL), ON(REQUEST_LAPSED), .by_clock = true,
  TO_REQUEST(LAPSED) },
{ REQUEST(RETURNED), ON(REQUEST_LAPSED), .by_clock = true,
  TO_REQUEST(LAPSED) },
{ REQUEST(APPROVED), ON(REQUEST_LAPSED), .by_clock = true,
  TO_REQUEST(LAPSED) },
{ REQUEST(ISSUANCE_FAILED), ON(REQUEST_LAPSED), .by_clock = true,
  TO_REQUEST(LAPSED) },
{ REQUEST(PENDING_APPROVAL), ON(ISSUANCE_REQUESTED), .waits = true,
  .to = WF_SAME },
{ REQUEST(APPROVED), ON(ISSUANCE_REQUESTED), TO_REQUEST(ISSUING),
  .emits = EVENT_ISSUANCE_ORDERED,
  .guards = { R(NOT_CREATOR), R(REVISION_STALE), R(KEY_NOT_APPROVED),
	      R(KEY_USED), R(CA_NOT_VALID), R(VALIDITY_SHORTENED), R(LINT),
	      R(TOO_LARGE) } },
{ REQUEST(ISSUANCE_FAILED), ON(ISSUANCE_REQUESTED), TO_REQUEST(ISSUING),
  .emits = EVENT_ISSUANCE_ORDERED,
  .guards = { R(NOT_CREATOR), R(REVISION_STALE), R(KEY_NOT_APPROVED),
	      R(KEY_USED), R(CA_NOT_VALID), R(VALIDITY_SHORTENED), R(LINT),
	      R(TOO_LARGE) } },
{ REQUEST(ISSUING), ON(ISSUANCE_REQUESTED), .refused = R(ALREADY_ISSUING),
  .to = WF_SAME },
{ REQUEST(ISSUING), ON(CERTIFICATE_ISSUED), TO_REQUEST(ISSUED),
  .guards = { R(ORDER_MISMATCH), R(SIGNATURE_WRONG) } },
{ WF_REQUEST, WF_ANY, ON_CASE(CERTIFICATE_ISSUED, GIVEN_UP), .to = WF_SAME,
  .guards = { R(ORDER_MISMATCH), R(SIGNATURE_WRONG) } },
{ REQUEST(ISSUING), ON_CASE(CERTIFICATE_REJECTED, OPEN_ORDER),
  TO_REQUEST(ISSUANCE_FAILED) },
{ WF_REQUEST, WF_ANY, ON_CASE(CERTIFICATE_REJECTED, OTHER_ORDER),
  .to = WF_SAME },
{ REQUEST(ISSUING), ON(ISSUANCE_FAILED), TO_REQUEST(ISSUANCE_FAILED),
  .guards = { R(ORDER_MISMATCH) } },
{ REQUEST(ISSUING), ON(ORDER_VOID_REQUESTED), TO_REQUEST(ISSUANCE_FAILED),
  .emits = EVENT_ORDER_VOIDED, .guards = { R(FOUR_EYES) } },

/* --- certificate at the CA --------------------------------------------- */
{ CA(NONE), ON(CERTIFICATE_ISSUED), TO_CA(GOOD) },
{ CA(NONE), ON_CASE(CERTIFICATE_ISSUED, GIVEN_UP), TO_CA(REVOKED) },
{ CA(GOOD), ON(CERTIFICATE_SUSPENDED), TO_CA(ON_HOLD) },
{ CA(ON_HOLD), ON(CERTIFICATE_RESUMED), TO_CA(GOOD) },
{ CA(GOOD), ON(CERTIFICATE_REVOKED), TO_CA(REVOKED) },
{ CA(ON_HOLD), ON(CERTIFICATE_REVOKED), TO_CA(REVOKED) },

/* --- certificate in use ------------------------------------------------ */
{ USE(NONE), ON(CERTIFICATE_ISSUED), TO_USE(INACTIVE) },
{ USE(INACTIVE), ON(ACTIVATION_REQUESTED), TO_USE(ACTIVATING),
  .emits = EVENT_ACTIVATION_ORDERED,
  .guards = { R(CERTIFICATE_NOT_GOOD), R(KEY_NOT_LOCAL), R(NOT_OWNER) } },
{ USE(DEACTIVATED), ON(ACTIVATION_REQUESTED), TO_USE(ACTIVATING),
  .emits = EVENT_ACTIVATION_ORDERED,
  .guards = { R(CERTIFICATE_NOT_GOOD), R(KEY_NOT_LOCAL), R(NOT_OWNER) } },
{ USE(ACTIVATING), ON(CERTIFICATE_ACTIVATED), TO_USE(ACTIVE),
  .guards = { R(ORDER_MISMATCH), R(CERTIFICATE_NOT_GOOD) } },
{ USE(ACTIVATING), ON_CASE(EVENT_REFUSED, TOO_LATE),
  TO_USE(INACTIVE) },
{ USE(ACTIVATING), ON(ACTIVATION_FAILED), TO_USE(INACTIVE) },
{ USE(ACTIVATING), ON(CERTIFICATE_SUSPENDED), TO_USE(INACTIVE) },
{ USE(ACTIVATING), ON(CERTIFICATE_REVOKED), TO_USE(INACTIVE) },
{ USE(ACTIVE), ON(DEACTIVATION_REQUESTED), TO_USE(DEACTIVATED),
  .emits = EVENT_CERTIFICATE_DEACTIVATED, .guards = { R(NOT_OWNER) } },
{ USE(ACTIVE), ON(CERTIFICATE_DEACTIVATED), TO_USE(DEACTIVATED) },

/* --- change of status: asked for by an officer -------------------------- */
{ STATUS(NONE), ON(SUSPENSION_REQUESTED), TO_STATUS(DONE),
  .emits = EVENT_CERTIFICATE_SUSPENDED, .guards = { STATUS_GUARDS } },
{ STATUS(NONE), ON(RESUMPTION_REQUESTED), TO_STATUS(OPEN),
  .guards = { STATUS_GUARDS } },
{ STATUS(NONE), ON(REVOCATION_REQUESTED), TO_STATUS(OPEN),
  .guards = { STATUS_GUARDS } },
{ STATUS(NONE), ON_CASE(REVOCATION_REQUESTED, KEY_COMPROMISE),
  TO_STATUS(OPEN), .emits = EVENT_CERTIFICATE_SUSPENDED,
  .guards = { STATUS_GUARDS } },
{ STATUS(OPEN), ON_CASE(CERTIFICATE_ISSUED, KEY_COMPROMISE), .to = WF_SAME,
  .emits = EVENT_CERTIFICATE_SUSPENDED },
{ STATUS(OPEN), ON(STATUS_CHANGE_CONFIRMED), TO_STATUS(DONE),
  .emits = EVENT_CERTIFICATE_REVOKED, .guards = { R(FOUR_EYES), R(STATE) } },
{ STATUS(OPEN), ON_CASE(STATUS_CHANGE_CONFIRMED, RESUMPTION),
  TO_STATUS(DONE), .emits = EVENT_CERTIFICATE_RESUMED,
  .guards = { R(FOUR_EYES), R(STATE) } },
{ STATUS(OPEN), ON(STATUS_CHANGE_DECLINED), TO_STATUS(DECLINED),
  .guards = { R(FOUR_EYES) } },
};
/* clang-format on */

#define NAME(machine, state, label) [WF_##machine##_##state] = { #state, label }
#define REQUEST_NAME(state, label)                                             \
	[EV_REQUEST_STATE_##state] = { #state, label }

struct name {
	const char *name;
	const char *label_vi;
};

static const struct name enrolment_names[WF_ENROLMENT__COUNT] = {
	NAME(ENROLMENT, NONE, NULL),          NAME(ENROLMENT, REQUESTED, NULL),
	NAME(ENROLMENT, CSR_GENERATED, NULL), NAME(ENROLMENT, SAVED, NULL),
	NAME(ENROLMENT, CERTIFIED, NULL),     NAME(ENROLMENT, FAILED, NULL),
	NAME(ENROLMENT, ABANDONED, NULL),     NAME(ENROLMENT, DESTROYED, NULL),
};

static const struct name request_names[EV_REQUEST_STATE__COUNT] = {
	[EV_REQUEST_STATE_UNKNOWN] = { "NONE", NULL },
	REQUEST_NAME(PENDING_APPROVAL, "Chờ phê duyệt"),
	REQUEST_NAME(RETURNED, "Trả lại bổ sung hồ sơ"),
	REQUEST_NAME(APPROVED, "Đã phê duyệt"),
	REQUEST_NAME(REJECTED, "Từ chối"),
	REQUEST_NAME(WITHDRAWN, "Đã huỷ"),
	REQUEST_NAME(ISSUING, "Đang cấp"),
	REQUEST_NAME(ISSUANCE_FAILED, "Cấp lỗi"),
	REQUEST_NAME(ISSUED, "Đã cấp"),
	REQUEST_NAME(LAPSED, "Quá hạn xử lý"),
};

static const struct name ca_names[WF_CA__COUNT] = {
	NAME(CA, NONE, NULL),
	NAME(CA, GOOD, NULL),
	NAME(CA, ON_HOLD, "Tạm dừng"),
	NAME(CA, REVOKED, "Đã thu hồi"),
};

static const struct name use_names[WF_USE__COUNT] = {
	NAME(USE, NONE, NULL),
	NAME(USE, INACTIVE, "Chưa kích hoạt"),
	NAME(USE, ACTIVATING, "Đang kích hoạt"),
	NAME(USE, ACTIVE, "Hoạt động"),
	NAME(USE, DEACTIVATED, "Ngừng sử dụng"),
};

static const struct name status_names[WF_STATUS__COUNT] = {
	NAME(STATUS, NONE, NULL),
	NAME(STATUS, OPEN, "Chờ xác nhận"),
	NAME(STATUS, DONE, "Đã thực hiện"),
	NAME(STATUS, DECLINED, "Không chấp thuận"),
};

static const struct {
	const char *name;
	const struct name *states;
	int count;
} machines[WF_MACHINE__COUNT] = {
	[WF_ENROLMENT] = { "enrolment", enrolment_names, WF_ENROLMENT__COUNT },
	[WF_REQUEST] = { "request", request_names, EV_REQUEST_STATE__COUNT },
	[WF_CA] = { "certificate at the CA", ca_names, WF_CA__COUNT },
	[WF_USE] = { "certificate in use", use_names, WF_USE__COUNT },
	[WF_STATUS] = { "change of status", status_names, WF_STATUS__COUNT },
};

static const char *const cases[WF_CASE__COUNT] = {
	[WF_CASE_PLAIN] = "",
	[WF_CASE_LOST_RACE] = "of a key that lost a race",
	[WF_CASE_GIVEN_UP] = "for an order voided or expired, matching it",
	[WF_CASE_OPEN_ORDER] = "for its open order",
	[WF_CASE_OTHER_ORDER] = "for any other order or none",
	[WF_CASE_REVISION] = "revision n + 1",
	[WF_CASE_TOO_LATE] = "of CertificateActivated (CERTIFICATE_NOT_GOOD)",
	[WF_CASE_KEY_COMPROMISE] = "reason KEY_COMPROMISE",
	[WF_CASE_RESUMPTION] = "of a resumption",
};

const struct wf_row *
wf_rows(size_t *count)
{
	*count = sizeof(rows) / sizeof(rows[0]);
	return rows;
}

const struct wf_row *
wf_row_find(enum wf_machine machine, int state, enum event_type on,
	    enum wf_case which)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct wf_row *r = &rows[i];

		if (r->machine == machine && r->on == on && r->which == which &&
		    (r->from == state || r->from == WF_ANY))
			return r;
	}
	return NULL;
}

int
wf_state_count(enum wf_machine machine)
{
	return machines[machine].count;
}

const char *
wf_state_name(enum wf_machine machine, int state)
{
	if (state < 0 || state >= machines[machine].count)
		return "?";
	return machines[machine].states[state].name;
}

const char *
wf_state_label_vi(enum wf_machine machine, int state)
{
	if (state < 0 || state >= machines[machine].count)
		return NULL;
	return machines[machine].states[state].label_vi;
}

const char *
wf_machine_name(enum wf_machine machine)
{
	return machines[machine].name;
}

const char *
wf_case_text(enum wf_case which)
{
	return cases[which];
}

bool
wf_request_is_open(enum ev_request_state state)
{
	return state == EV_REQUEST_STATE_PENDING_APPROVAL ||
	       state == EV_REQUEST_STATE_RETURNED ||
	       state == EV_REQUEST_STATE_APPROVED ||
	       state == EV_REQUEST_STATE_ISSUING ||
	       state == EV_REQUEST_STATE_ISSUANCE_FAILED;
}
