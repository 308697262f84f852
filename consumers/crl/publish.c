#include "crl/publish.h"

#include <string.h>

#include "base/clock.h"
#include "pki/certificate.h"

#define CLOCKS_DIFFER_US (60 * US_PER_S)

bool
crl_is_stale(const struct crl_publisher *p, const struct crl_last *last,
	     int64_t now)
{
	return !last->exists || now - last->crl.this_update >= p->refresh_us ||
	       last->crl.next_update - now <=
		       p->next_update_us - p->refresh_us ||
	       last->crl.this_update > now + CLOCKS_DIFFER_US;
}

/* Read back what was made, with the eyes of those who will rely on it. */
static bool
read_back(const struct crl_publisher *p, struct bytes der, struct crl_last *out,
	  struct err *e)
{
	crl_last_clear(out);
	if (!pki_crl_parse(der, p->ca, &out->crl, &out->entries, e)) {
		crl_last_clear(out);
		e->kind = ERR_RETRY; /* the token's fault: it is asked again */
		return err_context(e, "signed CRL");
	}
	crl_list_sort(&out->entries);
	out->exists = true;
	return true;
}

/* Sign, look at it, and put it into the archive. */
static bool
sign(const struct crl_publisher *p, int64_t number, struct bytes tbs,
     struct buffer *der, struct crl_last *made, struct err *e)
{
	AUTO(buffer) struct buffer signature = { 0 };

	if (!p->sign(p->self, tbs, &signature, e) ||
	    !pki_certificate_assemble(tbs, p->ca->signature,
				      buffer_view(&signature), der, e) ||
	    !read_back(p, buffer_view(der), made, e))
		return false;
	if (made->crl.number != number)
		return ERR_SET(e, ERR_FATAL, "crl", 0,
			       "CRL %lld says that its number is %lld",
			       (long long)number, (long long)made->crl.number);
	return crl_store_put(&p->store, number, true, buffer_view(der), e);
}

/* The archive is ahead of what is published: an earlier life ended between. */
static bool
finish(const struct crl_publisher *p, int64_t number, struct crl_last *last,
       struct err *e)
{
	AUTO(buffer) struct buffer der = { 0 };

	if (!crl_store_get(&p->store, number, true, &der, e) ||
	    !read_back(p, buffer_view(&der), last, e))
		return err_context(e, "CRL %lld, begun earlier",
				   (long long)number);
	return crl_store_publish(&p->store, buffer_view(&der), e);
}

/* A list that was put down and not signed is left: a new one follows at once,
 * made from the log. Octets from a file are not signed, whoever wrote it. */
bool
crl_resume(const struct crl_publisher *p, struct crl_last *last, struct err *e)
{
	int64_t number;
	bool is_signed;

	if (!crl_store_published(&p->store, p->ca, last, e) ||
	    !crl_store_newest(&p->store, &number, &is_signed, e))
		return false;
	if (!is_signed || number <= (last->exists ? last->crl.number : 0))
		return true;
	if (finish(p, number, last, e))
		return true;
	crl_last_clear(last);
	return false;
}

/* One more than any number that was ever used here. */
static bool
next_number(const struct crl_publisher *p, const struct crl_last *last,
	    int64_t *number, struct err *e)
{
	bool is_signed;

	if (!crl_store_newest(&p->store, number, &is_signed, e))
		return false;
	if (last->exists && last->crl.number > *number)
		*number = last->crl.number;
	++*number;
	return true;
}

static bool
publish(const struct crl_publisher *p, const struct buffer *list, int64_t now,
	struct crl_last *last, struct err *e)
{
	AUTO(buffer) struct buffer tbs = { 0 }, der = { 0 };
	struct pki_crl crl = {
		.this_update = now - now % US_PER_S,
		.revoked = (const struct pki_revoked *)(void *)list->data,
		.revoked_count = list->len / sizeof(struct pki_revoked),
	};

	crl.next_update = crl.this_update + p->next_update_us -
			  p->next_update_us % US_PER_S;
	if (!next_number(p, last, &crl.number, e) ||
	    !pki_crl_tbs(p->ca, &crl, &tbs, e) ||
	    !crl_store_put(&p->store, crl.number, false, buffer_view(&tbs),
			   e) ||
	    !sign(p, crl.number, buffer_view(&tbs), &der, last, e))
		return false;
	if (!crl_list_same(buffer_view(list), buffer_view(&last->entries)))
		return ERR_SET(e, ERR_FATAL, "crl", 0,
			       "CRL %lld does not say what it was made of",
			       (long long)crl.number);
	return crl_store_publish(&p->store, buffer_view(&der), e);
}

bool
crl_renew(const struct crl_publisher *p, const struct status_book *book,
	  int64_t now, struct crl_last *last, bool *published,
	  size_t *unexplained, struct err *e)
{
	AUTO(buffer) struct buffer list = { 0 };

	*published = false;
	if (!crl_list_make(book, last, now, &list, unexplained, e))
		return false;
	if (!crl_is_stale(p, last, now) &&
	    crl_list_same(buffer_view(&list), buffer_view(&last->entries)))
		return true;
	if (!publish(p, &list, now, last, e)) {
		crl_last_clear(last);
		return false;
	}
	crl_store_prune(&p->store, last->crl.number);
	*published = true;
	return true;
}
