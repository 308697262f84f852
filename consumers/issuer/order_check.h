/*
 * order_check.h - the issuer's own judgement of an order.
 *
 * The registrar ordered it, but the issuer holds the key: what it signs it
 * has checked itself, with nothing but the order, its CA certificate and its
 * own list of profiles.  Pure; thread-safe.
 */
#ifndef CERTFLOW_ISSUER_ORDER_CHECK_H
#define CERTFLOW_ISSUER_ORDER_CHECK_H

#include "event/event.h"
#include "pki/approval.h"
#include "pki/guard.h"
#include "pki/lint.h"
#include "pki/profile_list.h"

/* What this issuer stands for. */
struct order_policy {
	const struct pki_ca *ca;
	const struct pki_profile_list *profiles; /* allow-list */
	const struct pki_approvers *approvers;   /* NULL: signatures of
						    approvals are not looked at;
						    else each order needs one */
	struct pki_guard *guard; /* keys never to be certified */
};

/* code UNKNOWN: sign it.  Otherwise the fields of IssuanceFailed. */
struct order_verdict {
	enum ev_issuance_failure_code code;
	enum pki_signature signature; /* what to sign it with */
	const char *rule;             /* literal, or NULL */
	char detail[ERR_TEXT_MAX];
};

/**
 * All rules, the first broken one wins: not expired; approved by a second
 * person, with a signature that is valid now if approvers are known;
 * submission as approved; our CA, an allowed profile; CSR proves
 * possession of the ordered key; term as submitted; TBSCertificate passes
 * lint and holds exactly what was approved.
 *
 * @param submission  decoded from order->submission; NULL: unreadable
 * @param now         microseconds
 * @return false only for a technical failure (e filled, nothing decided)
 */
bool order_check(const struct ev_issuance_ordered *order,
		 const struct ev_submission *submission,
		 const struct order_policy *policy, int64_t now,
		 struct order_verdict *out, struct err *e) MUST_CHECK;

#endif
