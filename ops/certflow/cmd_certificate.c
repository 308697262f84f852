/* certflow certificate, certflow signing-certificate. */
#include <stdio.h>

#include "ask.h"
#include "base/clock.h"
#include "commands.h"
#include "show.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Serial numbers are also typed as AA:BB:CC. */
static const char certificate_sql[] =
	"SELECT (to_jsonb(c) - 'certificate_der' || jsonb_build_object("
	"'sha256', encode(c.sha256, 'hex'),"
	"'spki_sha256', encode(c.spki_sha256, 'hex'),"
	"'issuer_certificate_sha256',"
	" encode(c.issuer_certificate_sha256, 'hex'),"
	"'ca_state', now.ca_state, 'ca_state_label', now.ca_state_label,"
	"'pem', certificate_pem(c.certificate_der),"
	"'use_history', (SELECT coalesce(jsonb_agg(to_jsonb(h) ||"
	" jsonb_build_object('label', state_label('use', h.state))"
	" ORDER BY h.sequence), '[]') FROM certificate_use_history h"
	" WHERE h.serial_number = c.serial_number),"
	"'ca_history', (SELECT coalesce(jsonb_agg(to_jsonb(h) ||"
	" jsonb_build_object('label', state_label('ca', h.state))"
	" ORDER BY h.sequence), '[]') FROM certificate_ca_history h"
	" WHERE h.serial_number = c.serial_number)))::text "
	"FROM certificate c JOIN LATERAL find_certificates(c.tax_code) now "
	"ON now.serial_number = c.serial_number "
	"WHERE c.serial_number = lower(replace($1, ':', ''))";

static const struct show_field certificate[] = {
	{ "serial_number", "Số sê-ri" },
	{ "tax_code", "Mã số thuế" },
	{ "use_state_label", "Trạng thái sử dụng" },
	{ "ca_state_label", "Trạng thái tại CA" },
	{ "not_before", "Hiệu lực từ" },
	{ "not_after", "Hiệu lực đến" },
	{ "issued_at", "Cấp lúc" },
	{ "activated_at", "Kích hoạt lúc" },
	{ "revocation_reason", "Lý do" },
	{ "request_id", "Yêu cầu" },
	{ "enrolment_id", "Yêu cầu sinh khoá" },
	{ "sha256", "SHA-256" },
	{ "spki_sha256", "SHA-256 khoá công khai" },
};

static const struct show_field history[] = {
	{ "effective_at", "Từ" },
	{ "label", "Trạng thái" },
	{ "reason", "Lý do" },
};

int
cmd_certificate(int argc, char **argv)
{
	struct ask_options o;
	AUTO(json) json_t *answer = NULL;
	int status;

	if (!ask_parse(argc, argv, &o))
		return EXIT_USAGE;
	status = ask(&o, certificate_sql, &o.what, 1, &answer);
	if (status != EXIT_FOUND)
		return status;
	if (answer == NULL)
		return ask_nothing(&o, "Không tìm thấy chứng thư số");
	if (o.json)
		return ask_print(answer, EXIT_FOUND);
	if (o.pem) {
		fputs(json_string_value(json_object_get(answer, "pem")),
		      stdout);
		return EXIT_FOUND;
	}
	show_record(answer, certificate, COUNT(certificate));
	printf("\nSử dụng\n");
	show_table(json_object_get(answer, "use_history"), history,
		   COUNT(history) - 1);
	printf("\nTại CA\n");
	show_table(json_object_get(answer, "ca_history"), history,
		   COUNT(history));
	return EXIT_FOUND;
}

static const char signing_sql[] =
	"SELECT json_build_object('rule', 'LATEST_NOT_BEFORE_V1',"
	"'tax_code', require_tax_code($1), 'at', t.at,"
	"'certificate', (SELECT json_build_object('rule', s.rule,"
	" 'serial_number', s.serial_number, 'not_before', s.not_before,"
	" 'not_after', s.not_after, 'pem', s.certificate_pem)"
	" FROM signing_certificate($1, t.at) AS s),"
	"'why_not', (SELECT coalesce(json_agg(w), '[]')"
	" FROM why_not($1, t.at) AS w))::text "
	"FROM (SELECT coalesce($2::timestamptz, now()) AS at) AS t";

static const struct show_field signing[] = {
	{ "rule", "Quy tắc" },
	{ "serial_number", "Số sê-ri" },
	{ "not_before", "Hiệu lực từ" },
	{ "not_after", "Hiệu lực đến" },
};

static const struct show_field reasons[] = {
	{ "serial_number", "Số sê-ri" }, { "reason", "Mã" },
	{ "reason_vi", "Lý do" },        { "not_before", "Hiệu lực từ" },
	{ "not_after", "Hiệu lực đến" },
};

static void
show_signing(const struct ask_options *o, const json_t *answer,
	     const json_t *chosen)
{
	const json_t *others = json_object_get(answer, "why_not");

	if (o->pem && !json_is_null(chosen)) {
		fputs(json_string_value(json_object_get(chosen, "pem")),
		      stdout);
		return;
	}
	if (json_is_null(chosen))
		printf("Không có chứng thư số nào ký được\n");
	else
		show_record(chosen, signing, COUNT(signing));
	if (json_array_size(others) == 0)
		return;
	printf("\nKhông được chọn\n");
	show_table(others, reasons, COUNT(reasons));
}

int
cmd_signing_certificate(int argc, char **argv)
{
	struct ask_options o;
	AUTO(json) json_t *answer = NULL;
	const char *params[2];
	const json_t *chosen;
	int64_t at;
	int status;

	if (!ask_parse(argc, argv, &o))
		return EXIT_USAGE;
	if (o.at != NULL && !clock_parse(o.at, &at)) {
		fprintf(stderr, "certflow signing-certificate: --at wants "
				"RFC 3339, e.g. 2026-03-01T10:15:02Z\n");
		return EXIT_USAGE;
	}
	params[0] = o.what;
	params[1] = o.at;
	status = ask(&o, signing_sql, params, 2, &answer);
	if (status != EXIT_FOUND)
		return status;
	chosen = json_object_get(answer, "certificate");
	if (o.json)
		return ask_print(answer, json_is_null(chosen) ? EXIT_NOT_FOUND
							      : EXIT_FOUND);
	show_signing(&o, answer, chosen);
	return json_is_null(chosen) ? EXIT_NOT_FOUND : EXIT_FOUND;
}
