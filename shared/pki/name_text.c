#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "pki/certificate.h"
#include "pki/name.h"
#include "pki/view.h"

static const char *const labels[PKI_ATTR__COUNT] = {
	[PKI_ATTR_C] = "C", [PKI_ATTR_ST] = "ST", [PKI_ATTR_L] = "L",
	[PKI_ATTR_O] = "O", [PKI_ATTR_CN] = "CN", [PKI_ATTR_UID] = "UID",
};

static bool
is_text(const struct view_attribute *a)
{
	return (a->tag == DER_UTF8_STRING || a->tag == DER_PRINTABLE_STRING) &&
	       text_is_utf8((const char *)a->value.data, a->value.len) &&
	       memchr(a->value.data, 0, a->value.len) == NULL;
}

bool
pki_name_value(struct bytes name, enum pki_attribute a, char *out, size_t cap)
{
	struct view_attribute all[VIEW_ATTRIBUTES_MAX];
	size_t count = 0;

	if (!view_name(name, all, &count))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!bytes_equal(all[i].oid, name_oid(a)))
			continue;
		if (!is_text(&all[i]) || all[i].value.len >= cap)
			return false;
		memcpy(out, all[i].value.data, all[i].value.len);
		out[all[i].value.len] = '\0';
		return true;
	}
	return false;
}

static const char *
label(struct bytes oid)
{
	for (int a = 0; a < PKI_ATTR__COUNT; a++)
		if (bytes_equal(oid, name_oid((enum pki_attribute)a)))
			return labels[a];
	return "?";
}

const char *
pki_name_text(struct bytes name, char *out, size_t cap)
{
	struct view_attribute all[VIEW_ATTRIBUTES_MAX];
	size_t count = 0, len = 0;

	(void)snprintf(out, cap, "(unreadable)");
	if (!view_name(name, all, &count))
		return out;
	for (size_t i = 0; i < count && len < cap; i++) {
		bool text = is_text(&all[i]);
		int n = snprintf(out + len, cap - len, "%s%s=%.*s",
				 i == 0 ? "" : ", ", label(all[i].oid),
				 text ? (int)all[i].value.len : 1,
				 text ? (const char *)all[i].value.data : "?");

		len += n < 0 ? cap : (size_t)n;
	}
	return out;
}
