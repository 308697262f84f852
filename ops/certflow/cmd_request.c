/* certflow request: one request and its story. */
#include <stdint.h>
#include <stdio.h>

#include "ask.h"
#include "base/uuid.h"
#include "commands.h"
#include "show.h"

/* Octet columns would be printed as \x...; JSON shows plain hexadecimal. */
static const char question[] =
	"SELECT (to_jsonb(r) - 'csr_der' || jsonb_build_object("
	"'submission_sha256', encode(r.submission_sha256, 'hex'),"
	"'submission_spki_sha256', encode(r.submission_spki_sha256, 'hex'),"
	"'spki_sha256', encode(r.spki_sha256, 'hex'),"
	"'personal_commitment', encode(r.personal_commitment, 'hex'),"
	"'timeline', (SELECT coalesce(jsonb_agg(to_jsonb(ev) ||"
	" jsonb_build_object('since_issue', CASE WHEN ev.sequence >="
	"  p.sequence THEN to_char(extract(epoch FROM ev.recorded_at -"
	"  p.occurred_at), 'FM999990.000') || ' s' END)"
	" ORDER BY ev.sequence), '[]') FROM request_timeline(r.request_id) ev"
	" LEFT JOIN LATERAL (SELECT max(x.sequence) AS sequence,"
	"  max(x.occurred_at) AS occurred_at FROM request_event x"
	"  WHERE x.tax_code = r.tax_code AND x.request_id = r.request_id"
	"  AND x.event_name = 'IssuanceRequested') AS p ON true)))::text"
	" FROM request r WHERE r.request_id = $1::uuid";

static const struct show_field record[] = {
	{ "request_id", "Yêu cầu" },
	{ "tax_code", "Mã số thuế" },
	{ "legal_name", "Tên" },
	{ "certificate_name", "Tên trên chứng thư số" },
	{ "state_label", "Trạng thái" },
	{ "reason", "Lý do gần nhất" },
	{ "revision", "Lần gửi" },
	{ "creator_id", "Người tạo" },
	{ "editor_ids", "Người gửi" },
	{ "approver_id", "Người phê duyệt" },
	{ "device_type", "Loại thiết bị" },
	{ "product_package", "Gói chứng thư" },
	{ "validity_months", "Số tháng sử dụng" },
	{ "subscription_scheme_code", "HTHM" },
	{ "contract_number", "Hợp đồng" },
	{ "serial_number", "Số sê-ri" },
	{ "validity_capped", "Thời hạn bị rút ngắn" },
	{ "submission_sha256", "SHA-256 nội dung" },
	{ "spki_sha256", "SHA-256 khoá công khai" },
};

static const struct show_field timeline[] = {
	{ "sequence", "#" },
	{ "recorded_at", "Thời điểm" },
	{ "since_issue", "Từ Cấp CTS" },
	{ "actor_id", "Người thực hiện" },
	{ "event_name", "Sự kiện" },
	{ "message_vi", "Nội dung" },
	{ "detail", "Chi tiết" },
};

int
cmd_request(int argc, char **argv)
{
	struct ask_options o;
	AUTO(json) json_t *answer = NULL;
	uint8_t id[UUID_LEN];
	int status;

	if (!ask_parse(argc, argv, &o))
		return EXIT_USAGE;
	if (!uuid_parse(o.what, id)) {
		fprintf(stderr, "certflow request: not a request id\n");
		return EXIT_USAGE;
	}
	status = ask(&o, question, &o.what, 1, &answer);
	if (status != EXIT_FOUND)
		return status;
	if (answer == NULL)
		return ask_nothing(&o, "Không tìm thấy yêu cầu");
	if (o.json)
		return ask_print(answer, EXIT_FOUND);
	show_record(answer, record, sizeof(record) / sizeof(record[0]));
	putchar('\n');
	show_table(json_object_get(answer, "timeline"), timeline,
		   sizeof(timeline) / sizeof(timeline[0]));
	return EXIT_FOUND;
}
