#include "workflow/refusal.h"

#include <stdio.h>
#include <string.h>

struct row {
	const char *en;
	const char *vi;
	const char *param; /* appended to the text when it is given */
	bool defers;
	const char *en_with; /* between text and parameter; NULL: ": " */
	const char *vi_with;
};

#define UNREADABLE "Thông điệp không đọc được"
#define NOT_FOUND "Không tìm thấy yêu cầu / chứng thư số"
#define BAD_CSR "CSR không hợp lệ"
#define BAD_KEY "Khoá công khai không đạt yêu cầu"
#define CHANGED "Yêu cầu đã thay đổi, cần phê duyệt lại"
#define NO_MATCH "Kết quả không khớp với lệnh cấp"

/* clang-format off */
static const struct row rows[EV_REFUSAL_CODE__COUNT] = {
[EV_REFUSAL_CODE_UNKNOWN] = { "unknown", "Không xác định", NULL, false, NULL, NULL },
[EV_REFUSAL_CODE_NOT_WIRE_FORMAT] = {
	"the message is not in the wire format", UNREADABLE, NULL, false, NULL, NULL },
[EV_REFUSAL_CODE_SCHEMA_UNKNOWN] = {
	"the message names an unknown schema", UNREADABLE, NULL, false, NULL, NULL },
[EV_REFUSAL_CODE_BODY_INVALID] = {
	"the message does not follow its schema", UNREADABLE, "reason", false, NULL, NULL },
[EV_REFUSAL_CODE_TOO_LARGE] = {
	"the message is too large", UNREADABLE, NULL, false, NULL, NULL },
[EV_REFUSAL_CODE_RECORD_KEY_MISSING] = {
	"the record has no key", UNREADABLE, NULL, false, NULL, NULL },
[EV_REFUSAL_CODE_RECORD_KEY_MISMATCH] = {
	"the record's key is not the tax code inside", UNREADABLE, NULL, false, NULL, NULL },
[EV_REFUSAL_CODE_TAX_CODE_INVALID] = {
	"the tax code is not valid", "Mã số thuế không hợp lệ", "reason", false, NULL, NULL },
[EV_REFUSAL_CODE_ROLE] = {
	"the event does not belong in this inbox, or the actor's role does not fit",
	"Không đúng thẩm quyền", NULL, false, NULL, NULL },
[EV_REFUSAL_CODE_EVENT_ID_CONFLICT] = {
	"the event id was already used for other content",
	"Mã sự kiện đã dùng cho nội dung khác", NULL, false, NULL, NULL },
[EV_REFUSAL_CODE_DUPLICATE_ID] = {
	"the id exists already", "Mã đã tồn tại", NULL, false, NULL, NULL },
[EV_REFUSAL_CODE_ENROLMENT_UNKNOWN] = {
	"no such enrolment for this tax code", NOT_FOUND, NULL, true, NULL, NULL },
[EV_REFUSAL_CODE_REQUEST_UNKNOWN] = {
	"no such request for this tax code", NOT_FOUND, NULL, true, NULL, NULL },
[EV_REFUSAL_CODE_CERTIFICATE_UNKNOWN] = {
	"no such certificate for this tax code", NOT_FOUND, NULL, true, NULL, NULL },
[EV_REFUSAL_CODE_STATE] = {
	"not possible in the present state",
	"Trạng thái hiện tại không cho phép thao tác này", "state", false, NULL, NULL },
[EV_REFUSAL_CODE_LIMIT] = {
	"too many open enrolments, requests or certificates",
	"Vượt quá số lượng cho phép", NULL, false, NULL, NULL },
[EV_REFUSAL_CODE_UNIT_KIND] = {
	"the unit kind and the suffix of the tax code disagree",
	"Chi nhánh/Doanh nghiệp không khớp mã số thuế", NULL, false, NULL, NULL },
[EV_REFUSAL_CODE_CUSTOMER_NOT_FOUND] = {
	"the customer is not known", "Không tìm thấy thông tin khách hàng",
	NULL, false, NULL, NULL },
[EV_REFUSAL_CODE_CUSTOMER_EXISTS] = {
	"the customer exists already", "Khách hàng đã tồn tại", NULL, false, NULL, NULL },
[EV_REFUSAL_CODE_CUSTOMER_DIFFERS] = {
	"the customer differs from the record",
	"Thông tin khác với hồ sơ đã lưu", NULL, false, NULL, NULL },
[EV_REFUSAL_CODE_LEGAL_REPRESENTATIVE_MISSING] = {
	"the legal representative is missing",
	"Thiếu thông tin người đại diện theo pháp luật", NULL, false, NULL, NULL },
[EV_REFUSAL_CODE_NAME_TOO_LONG] = {
	"the name has more than 64 characters", "Tên quá dài", "proposal",
	false, "; proposed: ", ", đề nghị: " },
[EV_REFUSAL_CODE_NAME_NOT_NFC] = {
	"the name is not in Unicode normalization form C",
	"Tên không ở dạng NFC", NULL, false, NULL, NULL },
[EV_REFUSAL_CODE_NAME_CHARACTER] = {
	"the name holds a character that is not allowed",
	"Tên chứa ký tự không được phép", "character", false, NULL, NULL },
[EV_REFUSAL_CODE_PRODUCT_UNKNOWN] = {
	"device type, package, months and scheme do not form a row of the catalogue",
	"Gói, số tháng và HTHM không phù hợp", NULL, false, NULL, NULL },
[EV_REFUSAL_CODE_PRODUCT_NOT_IN_FORCE] = {
	"the scheme is not in force today",
	"Hình thức hoà mạng đã hết hiệu lực", NULL, false, NULL, NULL },
[EV_REFUSAL_CODE_MONTHS_RANGE] = {
	"the months of validity are not from 1 to 36",
	"Số tháng sử dụng không hợp lệ", NULL, false, NULL, NULL },
[EV_REFUSAL_CODE_CONTRACT_MISMATCH] = {
	"the contract does not agree with what is asked for",
	"Không đúng với hợp đồng đã ký", NULL, false, NULL, NULL },
[EV_REFUSAL_CODE_DOSSIER_INCOMPLETE] = {
	"the dossier is incomplete", "Hồ sơ chưa đầy đủ", "missing", false,
	", missing: ", ", thiếu: " },
[EV_REFUSAL_CODE_DOSSIER_TYPE] = {
	"unknown type of document", "Loại hồ sơ không hợp lệ", NULL, false, NULL, NULL },
[EV_REFUSAL_CODE_NOT_CREATOR] = {
	"only the creator of record may do this",
	"Chỉ người tạo yêu cầu được thực hiện", NULL, false, NULL, NULL },
[EV_REFUSAL_CODE_NOT_OWNER] = {
	"not the account that asked for the key",
	"Không phải tài khoản đã tạo yêu cầu", NULL, false, NULL, NULL },
[EV_REFUSAL_CODE_FOUR_EYES] = {
	"the approver created or edited the request",
	"Người phê duyệt không được là người tạo yêu cầu", NULL, false, NULL, NULL },
[EV_REFUSAL_CODE_REVISION_STALE] = {
	"another revision is current", CHANGED, "revision", false, NULL, NULL },
[EV_REFUSAL_CODE_DIGEST_MISMATCH] = {
	"the content is not what was submitted", CHANGED, NULL, false, NULL, NULL },
[EV_REFUSAL_CODE_APPROVAL_SIGNATURE] = {
	"the approval's signature is missing, wrong or by an unknown approver",
	"Chữ ký phê duyệt không hợp lệ", NULL, false, NULL, NULL },
[EV_REFUSAL_CODE_KEY_NOT_APPROVED] = {
	"the key is not the one that was approved",
	"Khoá công khai không phải khoá đã được phê duyệt", NULL, false, NULL, NULL },
[EV_REFUSAL_CODE_ALREADY_ISSUING] = {
	"an order is open for this request", "Yêu cầu đang được cấp", NULL, false,
	NULL, NULL },
[EV_REFUSAL_CODE_CSR_NONE] = {
	"there is no free CSR", "Chưa có CSR từ hệ thống HDDT", NULL, true, NULL, NULL },
[EV_REFUSAL_CODE_CSR_SEVERAL] = {
	"there are several CSRs, one must be named",
	"Có nhiều CSR, cần chọn một", "enrolment_ids", false, NULL, NULL },
[EV_REFUSAL_CODE_CSR_PERSONAL_DATA] = {
	"the subject of the CSR names a person", "CSR chứa dữ liệu cá nhân",
	NULL, false, NULL, NULL },
[EV_REFUSAL_CODE_LINT] = {
	"the certificate would break a rule",
	"Nội dung chứng thư không hợp lệ", "rule", false, NULL, NULL },
[EV_REFUSAL_CODE_PREVIOUS_CERTIFICATE] = {
	"the previous certificate is missing, unknown, or given with NEW",
	"Chứng thư số trước đó không hợp lệ", NULL, false, NULL, NULL },
[EV_REFUSAL_CODE_CSR_MALFORMED] = {
	"the CSR is not a PKCS#10 request in DER", BAD_CSR, NULL, false, NULL, NULL },
[EV_REFUSAL_CODE_CSR_TRAILING_BYTES] = {
	"the CSR is followed by extra bytes", BAD_CSR, NULL, false, NULL, NULL },
[EV_REFUSAL_CODE_CSR_SIGNATURE] = {
	"the signature of the CSR does not verify with its key", BAD_CSR, NULL, false,
	NULL, NULL },
[EV_REFUSAL_CODE_CSR_ALGORITHM] = {
	"the signature algorithm of the CSR is not allowed", BAD_CSR, NULL, false,
	NULL, NULL },
[EV_REFUSAL_CODE_CSR_TAX_CODE] = {
	"the CSR names another tax code or none", BAD_CSR, NULL, false, NULL, NULL },
[EV_REFUSAL_CODE_KEY_SIZE] = {
	"the key size is not allowed", BAD_KEY, NULL, false, NULL, NULL },
[EV_REFUSAL_CODE_KEY_EXPONENT] = {
	"the public exponent is not 65537", BAD_KEY, NULL, false, NULL, NULL },
[EV_REFUSAL_CODE_KEY_MODULUS] = {
	"the modulus is weak", BAD_KEY, NULL, false, NULL, NULL },
[EV_REFUSAL_CODE_KEY_ROCA] = {
	"the key was made by a faulty generator (ROCA)", BAD_KEY, NULL, false, NULL, NULL },
[EV_REFUSAL_CODE_KEY_BLOCKLISTED] = {
	"the key is publicly known", BAD_KEY, NULL, false, NULL, NULL },
[EV_REFUSAL_CODE_KEY_CURVE] = {
	"the curve is not allowed", BAD_KEY, NULL, false, NULL, NULL },
[EV_REFUSAL_CODE_KEY_POINT] = {
	"the point is not on the curve", BAD_KEY, NULL, false, NULL, NULL },
[EV_REFUSAL_CODE_KEY_IS_CA_KEY] = {
	"the key is the CA's own", BAD_KEY, NULL, false, NULL, NULL },
[EV_REFUSAL_CODE_KEY_USED] = {
	"the key was certified before or is held by another open request",
	"Khoá công khai đã được sử dụng", NULL, false, NULL, NULL },
[EV_REFUSAL_CODE_KEY_ATTRIBUTES] = {
	"the key is not sensitive and non-extractable",
	"Khoá không nằm trong HSM", NULL, false, NULL, NULL },
[EV_REFUSAL_CODE_KEY_NOT_LOCAL] = {
	"the key is not in our token", "Khoá không nằm trong HSM", NULL, false, NULL, NULL },
[EV_REFUSAL_CODE_CA_NOT_VALID] = {
	"the issuing CA is expired, not yet valid, or retired",
	"Chứng thư CA không còn hiệu lực", NULL, false, NULL, NULL },
[EV_REFUSAL_CODE_VALIDITY_SHORTENED] = {
	"the term would be cut and this was not accepted",
	"Thời hạn bị rút ngắn", "not_after", false, "; it would end ",
	" đến " },
[EV_REFUSAL_CODE_CERTIFICATE_NOT_GOOD] = {
	"the certificate is suspended, revoked, expired or not yet valid",
	"Chứng thư số không còn hiệu lực", NULL, false, NULL, NULL },
[EV_REFUSAL_CODE_ORDER_MISMATCH] = {
	"the outcome does not match the order", NO_MATCH, NULL, false, NULL, NULL },
[EV_REFUSAL_CODE_SIGNATURE_WRONG] = {
	"the signature does not verify", NO_MATCH, NULL, false, NULL, NULL },
[EV_REFUSAL_CODE_TOO_MANY_DEFERRED] = {
	"too many events wait for this tax code",
	"Quá nhiều thao tác đang chờ", NULL, false, NULL, NULL },
[EV_REFUSAL_CODE_DEFERRED_TOO_LONG] = {
	"what the event waited for did not come in time",
	"Quá thời gian chờ", "waiting_for", false, NULL, NULL },
};
/* clang-format on */

static const struct row *
row(enum ev_refusal_code code)
{
	bool known = (unsigned)code < EV_REFUSAL_CODE__COUNT;

	return &rows[known ? code : EV_REFUSAL_CODE_UNKNOWN];
}

/* Copy, cut in front of a code point that does not fit. */
static void
copy_cut(char *out, size_t size, const char *text)
{
	size_t n = strlen(text);

	if (size == 0)
		return;
	if (n >= size) {
		n = size - 1;
		while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
			n--;
	}
	memcpy(out, text, n);
	out[n] = '\0';
}

bool
wf_refuse(struct wf_refusal *r, enum ev_refusal_code code, const char *field)
{
	r->code = code;
	r->param_count = 0;
	copy_cut(r->field, sizeof(r->field), field == NULL ? "" : field);
	return true;
}

void
wf_refusal_param(struct wf_refusal *r, const char *key, const char *value)
{
	struct wf_param *p;

	if (r->param_count == WF_PARAMS_MAX)
		return;
	p = &r->params[r->param_count++];
	copy_cut(p->key, sizeof(p->key), key);
	copy_cut(p->value, sizeof(p->value), value);
}

bool
wf_refusal_defers(enum ev_refusal_code code)
{
	return row(code)->defers;
}

const char *
wf_refusal_text_en(enum ev_refusal_code code)
{
	return row(code)->en;
}

const char *
wf_refusal_text_vi(enum ev_refusal_code code)
{
	return row(code)->vi;
}

static const char *
message(const struct wf_refusal *r, const char *text, const char *with,
	char *out, size_t size)
{
	const char *key = row(r->code)->param;
	char full[WF_PARAM_MAX + 256];

	copy_cut(out, size, text);
	for (size_t i = 0; key != NULL && i < r->param_count; i++) {
		if (strcmp(r->params[i].key, key) != 0)
			continue;
		snprintf(full, sizeof(full), "%s%s%s", text,
			 with == NULL ? ": " : with, r->params[i].value);
		copy_cut(out, size, full);
		break;
	}
	return out;
}

const char *
wf_refusal_message_en(const struct wf_refusal *r, char *out, size_t size)
{
	return message(r, row(r->code)->en, row(r->code)->en_with, out, size);
}

const char *
wf_refusal_message_vi(const struct wf_refusal *r, char *out, size_t size)
{
	return message(r, row(r->code)->vi, row(r->code)->vi_with, out, size);
}
