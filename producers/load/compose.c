#include "compose.h"

#include <string.h>

#include "base/clock.h"

#define OFFICERS 50
#define MANAGERS 7
#define MONTHS 12

static const char *const document_types[COMPOSED_DOCUMENTS] = {
	"SERVICE_CONTRACT", "REQUEST_FORM", "BUSINESS_LICENCE", "LEGAL_REP_ID"
};

static const char *const provinces[] = { "Hà Nội",  "Thành phố Hồ Chí Minh",
					 "Đà Nẵng", "Hải Phòng",
					 "Cần Thơ", "Lâm Đồng" };

static void
fill_actor(enum load_act act, uint32_t journey, struct composed *c)
{
	switch (act) {
	case LOAD_APPROVE:
		snprintf(c->actor, sizeof(c->actor), "ql-load-%u",
			 journey % MANAGERS);
		break;
	case LOAD_ENROL:
		snprintf(c->actor, sizeof(c->actor), "kh-%s", c->tax_code);
		break;
	default:
		snprintf(c->actor, sizeof(c->actor), "gdv-load-%u",
			 journey % OFFICERS);
		break;
	}
}

void
compose_meta(const struct load_ids *ids, const struct customers *customers,
	     enum load_act act, uint32_t journey, int64_t occurred_at,
	     struct composed *out)
{
	enum event_type type = load_act_type(act);

	memset(out, 0, sizeof(*out));
	customers_tax_code(customers, journey, out->tax_code);
	fill_actor(act, journey, out);
	out->event.type = type;
	out->event.meta = (struct ev_meta){
		.event_id = load_id(ids, act, journey, out->event_id),
		.tax_code = out->tax_code,
		.occurred_at = occurred_at,
		.actor = { .id = out->actor,
			   .role = event_inbox_role(event_writer(type)) },
	};
}

/* Any 32 octets do for what nobody looks up: files that only the portal
 * has, a person who is not recorded. */
static struct ev_sha256
some_digest(const char *id, unsigned of)
{
	struct ev_sha256 digest;
	char text[UUID_TEXT_MAX + 8];

	snprintf(text, sizeof(text), "%s/%u", id, of);
	sha256(bytes_of_str(text), digest.b);
	return digest;
}

static void
fill_dossier(struct composed *c)
{
	for (unsigned i = 0; i < COMPOSED_DOCUMENTS; i++)
		c->documents[i] = (struct ev_dossier_document){
			.type = document_types[i],
			.sha256 = some_digest(c->object_id, i),
			.size = 150000 + (int64_t)i * 1000,
			.uploaded_at = c->event.meta.occurred_at,
			.uploaded_by = c->actor,
		};
}

static void
fill_customer(const struct load_ids *ids, uint32_t journey, struct composed *c)
{
	struct ev_customer *to =
		&c->event.request_submitted.submission.customer;

	snprintf(c->name, sizeof(c->name), "CÔNG TY TNHH MẪU THỬ TẢI %s",
		 c->tax_code);
	c->representative = (struct ev_legal_representative){
		.personal_ref =
			load_id(ids, LOAD_ID_PERSON, journey, c->person),
		.commitment = some_digest(c->object_id, COMPOSED_DOCUMENTS),
	};
	*to = (struct ev_customer){
		.source = EV_CUSTOMER_SOURCE_NEW,
		.legal_name = c->name,
		.certificate_name = c->name,
		.province = provinces[journey % (sizeof(provinces) /
						 sizeof(provinces[0]))],
		.locality = "Phường Mẫu Một",
		.address = "Số 1 đường Ví Dụ",
		.country = "VN",
		.legal_representative = &c->representative,
	};
}

void
compose_submission(const struct load_ids *ids, uint32_t journey,
		   struct bytes csr_der, struct composed *out)
{
	struct ev_submission *to = &out->event.request_submitted.submission;

	load_id(ids, LOAD_ID_REQUEST, journey, out->object_id);
	snprintf(out->contract, sizeof(out->contract), "HD-TAI-%07u", journey);
	fill_dossier(out);
	fill_customer(ids, journey, out);
	to->request_id = out->object_id;
	to->revision = 1;
	to->request_type = EV_REQUEST_TYPE_NEW;
	to->device_type = EV_DEVICE_TYPE_USB_TOKEN; /* may upload its CSR */
	to->product_package = "ORG_TOKEN_SAMPLE";
	to->validity_months = MONTHS;
	to->subscription_scheme_code = "TK_12T";
	to->contract = (struct ev_contract){
		.number = out->contract,
		.signed_on = clock_day_in_vietnam(out->event.meta.occurred_at),
		.months = MONTHS,
	};
	to->dossier.items = out->documents;
	to->dossier.count = COMPOSED_DOCUMENTS;
	to->csr_source = EV_CSR_SOURCE_UPLOADED;
	to->csr_der = csr_der;
	to->accept_shortened_validity = true;
}

static void
fill_approval(const struct composed_digests *digests, struct composed *c)
{
	struct ev_request_approved *to = &c->event.request_approved;

	to->request_id = c->object_id;
	to->revision = 1;
	to->submission_sha256 = digests->submission;
	to->spki_sha256 = digests->spki;
}

static void
fill_press(struct composed *c)
{
	struct ev_issuance_requested *to = &c->event.issuance_requested;

	to->request_id = c->object_id;
	to->revision = 1;
	to->csr_source = EV_CSR_SOURCE_UPLOADED; /* the submission has it */
}

static void
fill_enrolment(struct composed *c)
{
	struct ev_key_pair_requested *to = &c->event.key_pair_requested;

	to->enrolment_id = c->object_id;
	to->certificate_type = EV_CERTIFICATE_TYPE_SERVER_SIGNATURE;
	to->unit_kind = EV_UNIT_KIND_ENTERPRISE;
	to->key_algorithm = EV_KEY_ALGORITHM_EC_P256;
}

void
compose_act(const struct load_ids *ids, enum load_act act, uint32_t journey,
	    const struct composed_digests *digests, struct composed *out)
{
	load_id(ids, act == LOAD_ENROL ? LOAD_ID_ENROLMENT : LOAD_ID_REQUEST,
		journey, out->object_id);
	switch (act) {
	case LOAD_APPROVE:
		fill_approval(digests, out);
		break;
	case LOAD_PRESS:
		fill_press(out);
		break;
	default:
		fill_enrolment(out);
		break;
	}
}
