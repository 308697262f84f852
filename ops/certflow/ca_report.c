#include "ca_report.h"

#include <stdio.h>

#include "base/clock.h"

json_t *
ca_report_attributes(const struct hsm_attributes *a)
{
	return json_pack("{s:b,s:b,s:b,s:b,s:b}", "sensitive", a->sensitive,
			 "extractable", a->extractable, "always_sensitive",
			 a->always_sensitive, "never_extractable",
			 a->never_extractable, "local", a->local);
}

const char *
ca_report_attribute_text(const struct hsm_attributes *a, char out[128])
{
	(void)snprintf(out, 128, "%ssensitive, %sextractable, %s",
		       a->sensitive && a->always_sensitive ? "always " : "NOT ",
		       a->extractable || !a->never_extractable ? "" : "never ",
		       a->local ? "made in the token" : "IMPORTED");
	return out;
}

void
ca_report_json(json_t *value)
{
	(void)json_dumpf(value, stdout, JSON_INDENT(2) | JSON_SORT_KEYS);
	putchar('\n');
	json_decref(value);
}

static json_t *
row_json(const struct ca_report_row *row)
{
	char sha[2 * SHA256_LEN + 1], spki[2 * SHA256_LEN + 1];
	char from[CLOCK_TEXT_MAX], to[CLOCK_TEXT_MAX];

	hex_encode(bytes_of(row->ca->sha256, SHA256_LEN), sha);
	hex_encode(bytes_of(row->ca->key.spki_sha256, SHA256_LEN), spki);
	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:o}", "name", row->name,
			 "token", row->key->token, "algorithm",
			 ev_key_algorithm_name(row->ca->key.algorithm),
			 "sha256", sha, "spki_sha256", spki, "not_before",
			 clock_format(row->ca->not_before, from), "not_after",
			 clock_format(row->ca->not_after, to), "attributes",
			 ca_report_attributes(&row->key->attributes));
}

static void
row_text(const struct ca_report_row *row)
{
	char sha[2 * SHA256_LEN + 1], text[128];
	char from[CLOCK_TEXT_MAX], to[CLOCK_TEXT_MAX];

	hex_encode(bytes_of(row->ca->sha256, SHA256_LEN), sha);
	printf("%-8s %s, signs with %s\n", row->name,
	       ev_key_algorithm_name(row->ca->key.algorithm),
	       pki_signature_name(row->ca->signature));
	printf("%-8s valid    %.10s to %.10s\n", "",
	       clock_format(row->ca->not_before, from),
	       clock_format(row->ca->not_after, to));
	printf("%-8s key      token %s, %s\n", "", row->key->token,
	       ca_report_attribute_text(&row->key->attributes, text));
	printf("%-8s sha256   %s\n", "", sha);
}

void
ca_report(const char *dir, const struct ca_report_row *rows, size_t count,
	  bool json)
{
	json_t *list;

	if (!json) {
		for (size_t i = 0; i < count; i++)
			row_text(&rows[i]);
		printf("%-8s %s:", "files", dir);
		for (size_t i = 0; i < count; i++)
			printf("%s %s", i == 0 ? "" : ",", rows[i].name);
		printf(" (.pem .cer .crl .crl.pem)\n");
		return;
	}
	list = json_array();
	for (size_t i = 0; i < count; i++)
		(void)json_array_append_new(list, row_json(&rows[i]));
	ca_report_json(
		json_pack("{s:s,s:o}", "directory", dir, "authorities", list));
}
