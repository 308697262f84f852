#include "journey.h"

#include <stdio.h>
#include <string.h>

#define EVENTS_MAX 64
#define DER(text) bytes_of_str(text)

/* The names of one subscriber. */
static struct {
	unsigned number;
	char tax_code[16];
	char request[37];
	char enrolment[37];
	char order_1[37];
	char order_2[37];
	char serial[41];
	char serial_voided[41];
} of;

static struct event events[EVENTS_MAX];
static int64_t sequences[EVENTS_MAX];
static int64_t times[EVENTS_MAX];
static char ids[EVENTS_MAX][37];
static size_t count;

static const struct ev_legal_representative person = {
	.personal_ref = JOURNEY_PERSON, .commitment = { { 0xc0, 0x33 } }
};
static const struct ev_dossier_document documents[] = {
	{ .type = "CONTRACT", .size = 12, .uploaded_by = "gdv-07" },
	{ .type = "DECISION \"1\"", .size = 34, .uploaded_by = "gdv-07" },
};

static struct event *
add(enum event_type type, const char *id, const char *actor,
    enum ev_actor_role role)
{
	struct event *ev = &events[count];

	sequences[count] = (int64_t)count + 1;
	times[count] = JOURNEY_T0 + (int64_t)count * 1000000;
	snprintf(ids[count], sizeof(ids[count]),
		 "eeeeeeee-%04x-4000-8000-%012zu", of.number & 0xffff,
		 count + of.number / 0x10000 * 100);
	ev->type = type;
	ev->meta = (struct ev_meta){
		.event_id = id == NULL ? ids[count] : id,
		.tax_code = of.tax_code,
		.occurred_at = times[count] - 500,
		.actor = { actor, role },
		.sequence = &sequences[count],
		.recorded_at = &times[count],
	};
	count++;
	return ev;
}

static void
submit(int32_t revision, const char *name, const char *actor)
{
	struct event *ev = add(EVENT_REQUEST_SUBMITTED, NULL, actor,
			       EV_ACTOR_ROLE_OFFICER);
	struct ev_submission *s = &ev->request_submitted.submission;

	*s = (struct ev_submission){
		.request_id = of.request,
		.revision = revision,
		.request_type = EV_REQUEST_TYPE_NEW,
		.customer = { .source = EV_CUSTOMER_SOURCE_NEW,
			      .legal_name = name,
			      .certificate_name = name,
			      .province = "Hà Nội",
			      .locality = revision == 1 ? "Phường Mẫu" : NULL,
			      .address = "Số 1 đường Ví Dụ",
			      .country = "VN",
			      .legal_representative = &person },
		.device_type = EV_DEVICE_TYPE_HSM,
		.product_package = "ORG_HSM_CA4",
		.validity_months = 12,
		.subscription_scheme_code = "CA4_HD_MP",
		.contract = { "HD-1", 20000, 12, 12 },
		.csr_source = EV_CSR_SOURCE_EINVOICE,
	};
	s->dossier.items = documents;
	s->dossier.count = 2;
}

static void
order(const char *id, const char *serial)
{
	struct event *ev = add(EVENT_ISSUANCE_ORDERED, id, "registrar",
			       EV_ACTOR_ROLE_REGISTRAR);

	ev->issuance_ordered = (struct ev_issuance_ordered){
		.meta = ev->meta,
		.request_id = of.request,
		.revision = 2,
		.enrolment_id = of.enrolment,
		.submission = DER("submission"),
		.csr_der = DER("csr"),
		.creator_id = "gdv-07",
		.approval_event_id = id,
		.approver_id = "ql-01",
		.profile_name = "organisation",
		.spki_sha256 = { { 0x5b } },
		.issuer_certificate_sha256 = { { 0x15 } },
		.serial_number = serial,
		.not_before = JOURNEY_T0,
		.not_after = JOURNEY_T0 + INT64_C(31535999000000),
		.tbs_certificate = DER("tbs"),
		.sign_before = JOURNEY_T0 + INT64_C(86400000000),
	};
}

static void
issued(const char *order_id, const char *serial)
{
	struct event *ev = add(EVENT_CERTIFICATE_ISSUED, NULL, "issuer-0",
			       EV_ACTOR_ROLE_ISSUER);

	ev->certificate_issued = (struct ev_certificate_issued){
		.meta = ev->meta,
		.order_id = order_id,
		.request_id = of.request,
		.serial_number = serial,
		.certificate_der = DER(serial),
		.signed_at = times[count - 1] - 100,
	};
}

static void
enrol(void)
{
	struct event *ev = add(EVENT_KEY_PAIR_REQUESTED, NULL, "kh-0001",
			       EV_ACTOR_ROLE_SUBSCRIBER);

	ev->key_pair_requested.enrolment_id = of.enrolment;
	ev->key_pair_requested.certificate_type =
		EV_CERTIFICATE_TYPE_SERVER_SIGNATURE;
	ev->key_pair_requested.unit_kind = EV_UNIT_KIND_ENTERPRISE;
	ev->key_pair_requested.key_algorithm = EV_KEY_ALGORITHM_EC_P256;
	ev = add(EVENT_CSR_GENERATED, NULL, "keygen-0", EV_ACTOR_ROLE_KEYGEN);
	ev->csr_generated.enrolment_id = of.enrolment;
	ev->csr_generated.key_ref.token = "customer-1";
	ev->csr_generated.key_algorithm = EV_KEY_ALGORITHM_EC_P256;
	ev->csr_generated.csr_der = DER("csr");
	ev->csr_generated.spki_sha256.b[0] = 0x5b;
	ev->csr_generated.attributes.sensitive = true;
	ev = add(EVENT_ENROLMENT_SAVED, NULL, "kh-0001",
		 EV_ACTOR_ROLE_SUBSCRIBER);
	ev->enrolment_saved.enrolment_id = of.enrolment;
}

static void
approve(int32_t revision)
{
	struct event *ev = add(EVENT_REQUEST_APPROVED, NULL, "ql-01",
			       EV_ACTOR_ROLE_MANAGER);

	ev->request_approved.request_id = of.request;
	ev->request_approved.revision = revision;
	ev->request_approved.spki_sha256.b[0] = 0x5b;
}

static void
ask_for_issue(void)
{
	struct event *ev = add(EVENT_ISSUANCE_REQUESTED, NULL, "gdv-07",
			       EV_ACTOR_ROLE_OFFICER);

	ev->issuance_requested.request_id = of.request;
	ev->issuance_requested.revision = 2;
	ev->issuance_requested.csr_source = EV_CSR_SOURCE_EINVOICE;
}

static void
return_and_approve(void)
{
	struct event *ev;

	submit(1, "CÔNG TY MẪU MỘT", "gdv-07");
	approve(1);
	ev = add(EVENT_REQUEST_RETURNED, NULL, "ql-01", EV_ACTOR_ROLE_MANAGER);
	ev->request_returned.request_id = of.request;
	ev->request_returned.revision = 1;
	ev->request_returned.reason = "Thiếu quyết định";
	submit(2, "CÔNG TY MẪU HAI", "gdv-08");
	ev = add(EVENT_EVENT_REFUSED, NULL, "registrar",
		 EV_ACTOR_ROLE_REGISTRAR);
	ev->event_refused = (struct ev_event_refused){
		.meta = ev->meta,
		.source = { "certflow.inbox.manager", 0, 7 },
		.event_name = "RequestApproved",
		.code = EV_REFUSAL_CODE_FOUR_EYES,
		.message_en = "the approver may not be the creator",
		.message_vi = "Người phê duyệt không được là người tạo yêu cầu",
	};
	ev = add(EVENT_EVENT_DEFERRED, NULL, "registrar",
		 EV_ACTOR_ROLE_REGISTRAR);
	ev->event_deferred.source =
		(struct ev_source_position){ "certflow.inbox.manager", 0, 8 };
	ev->event_deferred.event_name = "RequestApproved";
	ev->event_deferred.waiting_for = EV_REFUSAL_CODE_CSR_NONE;
	ev->event_deferred.payload = DER("payload");
	approve(2);
}

static void
void_and_issue(void)
{
	struct event *ev;

	ask_for_issue();
	order(of.order_2, of.serial_voided);
	ev = add(EVENT_ORDER_VOIDED, NULL, "registrar",
		 EV_ACTOR_ROLE_REGISTRAR);
	ev->order_voided.order_id = of.order_2;
	ev->order_voided.serial_number = of.serial_voided;
	ev->order_voided.reason = "no answer";
	ask_for_issue();
	order(of.order_1, of.serial);
	issued(of.order_2, of.serial_voided); /* late: counts as revoked */
	issued(of.order_1, of.serial);
}

static void
activate(bool finish)
{
	struct event *ev = add(EVENT_ACTIVATION_REQUESTED, NULL, "kh-0001",
			       EV_ACTOR_ROLE_SUBSCRIBER);

	ev->activation_requested.serial_number = of.serial;
	if (!finish)
		return;
	ev = add(EVENT_CERTIFICATE_ACTIVATED, NULL, "activator-0",
		 EV_ACTOR_ROLE_ACTIVATOR);
	ev->certificate_activated.serial_number = of.serial;
	ev->certificate_activated.enrolment_id = of.enrolment;
	ev->certificate_activated.key_ref.token = "customer-1";
}

/* An officer suspends and asks to resume, a manager agrees; a revocation
 * that was asked for meanwhile still waits. */
static void
hold(void)
{
	struct event *ev = add(EVENT_SUSPENSION_REQUESTED, NULL, "gdv-07",
			       EV_ACTOR_ROLE_OFFICER);

	ev->suspension_requested.status_change_id = of.enrolment;
	ev->suspension_requested.serial_number = of.serial;
	ev->suspension_requested.reason_text = "Khách hàng yêu cầu";
	ev = add(EVENT_CERTIFICATE_SUSPENDED, NULL, "registrar",
		 EV_ACTOR_ROLE_REGISTRAR);
	ev->certificate_suspended.serial_number = of.serial;
	ev->certificate_suspended.reason =
		EV_REVOCATION_REASON_CERTIFICATE_HOLD;
	ev->certificate_suspended.effective_at = times[count - 1];
	ev->certificate_suspended.status_change_id = of.enrolment;
	ev = add(EVENT_REVOCATION_REQUESTED, NULL, "gdv-07",
		 EV_ACTOR_ROLE_OFFICER);
	ev->revocation_requested.status_change_id = of.order_1;
	ev->revocation_requested.serial_number = of.serial;
	ev->revocation_requested.reason = EV_REVOCATION_REASON_SUPERSEDED;
	ev->revocation_requested.invalidity_date = &times[0];
	ev->revocation_requested.requester = EV_REVOCATION_REQUESTER_SUBSCRIBER;
}

static void
resume(void)
{
	struct event *ev = add(EVENT_RESUMPTION_REQUESTED, NULL, "gdv-07",
			       EV_ACTOR_ROLE_OFFICER);

	ev->resumption_requested.status_change_id = of.request;
	ev->resumption_requested.serial_number = of.serial;
	ev->resumption_requested.reason_text = "Đã xác minh";
	ev = add(EVENT_STATUS_CHANGE_CONFIRMED, NULL, "ql-02",
		 EV_ACTOR_ROLE_MANAGER);
	ev->status_change_confirmed.status_change_id = of.request;
	ev->status_change_confirmed.reason = "đồng ý";
	ev = add(EVENT_CERTIFICATE_RESUMED, NULL, "registrar",
		 EV_ACTOR_ROLE_REGISTRAR);
	ev->certificate_resumed.serial_number = of.serial;
	ev->certificate_resumed.reason = EV_REVOCATION_REASON_REMOVE_FROM_CRL;
	ev->certificate_resumed.effective_at = times[count - 1];
	ev->certificate_resumed.status_change_id = of.request;
}

/* Check digit of nine digits; 10: there is none. */
static unsigned
check_digit(unsigned number)
{
	static const unsigned weights[] = { 3, 5, 7, 13, 17, 19, 23, 29, 31 };
	unsigned sum = 0;

	for (size_t i = 0; i < 9; i++, number /= 10)
		sum += number % 10 * weights[i];
	return 10 - sum % 11;
}

/* A valid one for each; of two neighbours one has a check digit. */
static void
name_tax_code(unsigned n)
{
	unsigned number = n == 0 ? 19900011 : 30000000 + 2 * n;

	number += check_digit(number) == 10;
	snprintf(of.tax_code, sizeof(of.tax_code), "%09u%u", number,
		 check_digit(number));
}

/* Subscriber 0 has the names of the header; the others count in them. */
static void
name(unsigned n)
{
	of.number = n;
	name_tax_code(n);
	snprintf(of.request, sizeof(of.request),
		 "1111%04x-1111-4111-8111-11111111%04x",
		 n == 0 ? 0x1111 : n & 0xffff, n == 0 ? 0x1111 : n >> 16);
	snprintf(of.enrolment, sizeof(of.enrolment),
		 "2222%04x-2222-4222-8222-22222222%04x",
		 n == 0 ? 0x2222 : n & 0xffff, n == 0 ? 0x2222 : n >> 16);
	snprintf(of.order_1, sizeof(of.order_1),
		 "aaaaaaaa-%04x-4000-8000-%08x0001", n & 0xffff, n >> 16);
	snprintf(of.order_2, sizeof(of.order_2),
		 "aaaaaaaa-%04x-4000-8000-%08x0002", n & 0xffff, n >> 16);
	snprintf(of.serial, sizeof(of.serial), "4a0000000000000000000000%08x01",
		 n);
	snprintf(of.serial_voided, sizeof(of.serial_voided),
		 "4a0000000000000000000000%08x02", n);
}

const struct event *
journey_of(unsigned subscriber, size_t *n)
{
	name(subscriber);
	count = 0;
	memset(events, 0, sizeof(events));
	enrol();
	return_and_approve();
	void_and_issue();
	activate(false); /* the hold interrupts this one */
	hold();
	resume();
	activate(true);
	*n = count;
	return events;
}

const struct event *
journey(size_t *n)
{
	return journey_of(0, n);
}
