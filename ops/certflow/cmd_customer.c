/* certflow customer, certflow requests: what is known of a tax code. */
#include <stdio.h>

#include "ask.h"
#include "commands.h"
#include "show.h"

int
cmd_customer(int argc, char **argv)
{
	static const char sql[] =
		"SELECT row_to_json(c)::text FROM find_customer($1) AS c";
	static const struct show_field fields[] = {
		{ "tax_code", "Mã số thuế" },
		{ "legal_name", "Tên" },
		{ "certificate_name", "Tên trên chứng thư số" },
		{ "address", "Địa chỉ" },
		{ "locality", "Phường/Xã" },
		{ "province", "Tỉnh/Thành phố" },
		{ "country", "Quốc gia" },
		{ "personal_ref", "Người đại diện (personal_ref)" },
		{ "has_legal_representative", "  dữ liệu cá nhân còn lưu" },
		{ "request_id", "Theo yêu cầu" },
		{ "revision", "  lần gửi" },
		{ "approved_at", "  phê duyệt lúc" },
	};
	struct ask_options o;
	AUTO(json) json_t *answer = NULL;
	int status;

	if (!ask_parse(argc, argv, &o))
		return EXIT_USAGE;
	status = ask(&o, sql, &o.what, 1, &answer);
	if (status != EXIT_FOUND)
		return status;
	if (o.json)
		return ask_print(answer, EXIT_FOUND);
	show_record(answer, fields, sizeof(fields) / sizeof(fields[0]));
	return EXIT_FOUND;
}

int
cmd_requests(int argc, char **argv)
{
	static const char sql[] = "SELECT coalesce(json_agg(r), '[]')::text "
				  "FROM find_requests($1) AS r";
	static const struct show_field fields[] = {
		{ "request_id", "Yêu cầu" },
		{ "revision", "Lần gửi" },
		{ "state_label", "Trạng thái" },
		{ "creator_id", "Người tạo" },
		{ "approver_id", "Người phê duyệt" },
		{ "device_type", "Thiết bị" },
		{ "product_package", "Gói" },
		{ "validity_months", "Tháng" },
		{ "submitted_at", "Gửi lúc" },
		{ "serial_number", "Số sê-ri" },
	};
	struct ask_options o;
	AUTO(json) json_t *answer = NULL;
	int status;

	if (!ask_parse(argc, argv, &o))
		return EXIT_USAGE;
	status = ask(&o, sql, &o.what, 1, &answer);
	if (status != EXIT_FOUND)
		return status;
	if (json_array_size(answer) == 0)
		return o.json ? ask_print(answer, EXIT_NOT_FOUND)
			      : ask_nothing(&o, "Không tìm thấy yêu cầu");
	if (o.json)
		return ask_print(answer, EXIT_FOUND);
	show_table(answer, fields, sizeof(fields) / sizeof(fields[0]));
	return EXIT_FOUND;
}
