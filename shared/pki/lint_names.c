#include <string.h>

#include "base/text.h"
#include "pki/lint_rules.h"
#include "pki/name.h"

static bool
is(const struct view_attribute *at, enum pki_attribute a)
{
	return bytes_equal(at->oid, name_oid(a));
}

/* PKI_ATTR__COUNT: none that we know. */
static enum pki_attribute
kind(const struct view_attribute *at)
{
	for (int a = 0; a < PKI_ATTR__COUNT; a++)
		if (is(at, (enum pki_attribute)a))
			return (enum pki_attribute)a;
	return PKI_ATTR__COUNT;
}

static const struct view_attribute *
find(const struct lint *l, enum pki_attribute a)
{
	for (size_t i = 0; i < l->subject_count; i++)
		if (is(&l->subject[i], a))
			return &l->subject[i];
	return NULL;
}

/* Terminated copy of a well-formed, short text; "" otherwise. */
static const char *
text_of(const struct view_attribute *at, char out[NAME_TEXT_MAX])
{
	out[0] = '\0';
	if (at->value.len >= NAME_TEXT_MAX ||
	    !text_is_utf8((const char *)at->value.data, at->value.len))
		return out;
	memcpy(out, at->value.data, at->value.len);
	out[at->value.len] = '\0';
	return out;
}

const char *
lint_subject_order(const struct lint *l)
{
	const struct pki_profile *p = l->context->profile;
	size_t at = 0;

	for (size_t i = 0; i < p->subject_count; i++) {
		enum pki_attribute a = p->subject[i];

		if (at < l->subject_count && is(&l->subject[at], a) &&
		    l->subject[at].first_of_set)
			at++;
		else if (a != PKI_ATTR_L)
			return "not the attributes of the profile in order";
	}
	return at == l->subject_count ? NULL : "attributes too many";
}

const char *
lint_subject_empty(const struct lint *l)
{
	for (size_t i = 0; i < l->subject_count; i++) {
		struct bytes v = l->subject[i].value;
		size_t spaces = 0;

		while (spaces < v.len && v.data[spaces] == ' ')
			spaces++;
		if (spaces == v.len)
			return "an attribute is empty";
	}
	return l->subject_count > 0 ? NULL : "no attributes";
}

const char *
lint_subject_type(const struct lint *l)
{
	for (size_t i = 0; i < l->subject_count; i++) {
		enum pki_attribute a = kind(&l->subject[i]);

		if (a != PKI_ATTR__COUNT && l->subject[i].tag != name_tag(a))
			return "C is a PrintableString, the rest UTF8String";
	}
	return NULL;
}

const char *
lint_subject_nfc(const struct lint *l)
{
	char text[NAME_TEXT_MAX];

	for (size_t i = 0; i < l->subject_count; i++)
		if (!text_is_nfc(text_of(&l->subject[i], text)))
			return "not in Normalization Form C";
	return NULL;
}

const char *
lint_subject_characters(const struct lint *l)
{
	char text[NAME_TEXT_MAX];

	for (size_t i = 0; i < l->subject_count; i++) {
		struct bytes v = l->subject[i].value;

		if (text_forbidden_in_name(text_of(&l->subject[i], text)) != 0)
			return "control, format or unassigned character";
		if (text_look_alike(text) != 0)
			return "a character that can pass for another";
		if (v.len > 0 && (v.data[0] == ' ' || v.data[v.len - 1] == ' '))
			return "begins or ends with a space";
	}
	return NULL;
}

const char *
lint_subject_length(const struct lint *l)
{
	char text[NAME_TEXT_MAX];

	for (size_t i = 0; i < l->subject_count; i++) {
		enum pki_attribute a = kind(&l->subject[i]);

		if (l->subject[i].value.len >= NAME_TEXT_MAX)
			return "an attribute is far too long";
		if (a != PKI_ATTR__COUNT &&
		    text_chars(text_of(&l->subject[i], text)) >
			    name_upper_bound(a))
			return "longer than X.520 allows, in characters";
	}
	return NULL;
}

const char *
lint_subject_country(const struct lint *l)
{
	const struct view_attribute *c = find(l, PKI_ATTR_C);

	if (c == NULL || c->value.len != 2)
		return "not two letters";
	for (size_t i = 0; i < 2; i++)
		if (c->value.data[i] < 'A' || c->value.data[i] > 'Z')
			return "not two capital letters";
	return NULL;
}

const char *
lint_subject_cn(const struct lint *l)
{
	const struct view_attribute *cn = find(l, PKI_ATTR_CN);
	const struct view_attribute *o = find(l, PKI_ATTR_O);

	return cn != NULL && o != NULL && bytes_equal(cn->value, o->value)
		       ? NULL
		       : "CN and O differ";
}

/* Form only: NNNNNNNNNN or NNNNNNNNNN-NNN; the check digit was a guard. */
const char *
lint_subject_uid(const struct lint *l)
{
	const struct view_attribute *uid = find(l, PKI_ATTR_UID);
	char text[NAME_TEXT_MAX] = "";
	const char *code;
	size_t len;

	if (uid == NULL)
		return "no UID";
	code = text_of(uid, text);
	if (strncmp(code, "MST:", 4) != 0)
		return "not MST:<tax code>";
	code += 4;
	len = strspn(code, "0123456789");
	if (len != 10)
		return "not a tax code";
	if (code[len] == '\0')
		return NULL;
	return code[len] == '-' && strspn(code + len + 1, "0123456789") == 3 &&
			       code[len + 4] == '\0'
		       ? NULL
		       : "not a tax code";
}
