#!/usr/bin/env bash
# certflow crl and the read model: what is revoked there stands on the list,
# and what once stood there stays.
set -uo pipefail

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
# shellcheck source=tests/lib/ca.sh
source "$repo/tests/lib/ca.sh"
# shellcheck source=tests/lib/postgres.sh
source "$repo/tests/lib/postgres.sh"
finish() {
	postgres_stop
	rm -rf "$CERTFLOW_HOME"
}
voided=4b0000000000000000000000000000aa
revoked=7f0000000000000000000000000000bb

# revoke SERIAL: as CertificateRevoked leaves it
revoke() {
	psql -qX -v ON_ERROR_STOP=1 -c "INSERT INTO
		read_model.certificate_ca_history
		(serial_number, sequence, effective_at, state, reason)
		VALUES ('$1', 9, '2026-03-02 10:00:00.5+00', 'REVOKED',
			'KEY_COMPROMISE')"
}

# void SERIAL SHA256: an order for this CA that was given up
void() {
	psql -qX -v ON_ERROR_STOP=1 -c "INSERT INTO read_model.issuance_order
		VALUES (gen_random_uuid(), '0199000112', gen_random_uuid(), 1,
			NULL, '$1', '', '\\x$2', 'org-hsm-ca4', now(), now(), false,
			now(), now(), 'VOIDED', '2026-03-02 11:00:00+00', NULL,
			8)"
}

crl_text() {
	openssl crl -in "$ca/issuing.crl" -inform DER -noout -text \
		-CAfile "$ca/issuing.pem"
}

entries() {
	[[ $(crl_text | grep -c 'Serial Number') -eq $1 ]]
}

postgres_start
trap finish EXIT
export PGOPTIONS="$PGOPTIONS -c search_path=read_model"
psql -qXc 'CREATE SCHEMA read_model'
ok "migrations" postgres_migrate "$repo"/schemas/sql/read_model/*.sql
ca_tokens
ok "init" "$certflow" ca init --key p256

export CERTFLOW_PG=$PG_CONNINFO
ok "nothing revoked" "$certflow" crl
says "no entries" "No Revoked Certificates" 0 crl_text
ok "void an order" void $voided \
	"$(sha256sum <"$ca/issuing.cer" | cut -d ' ' -f 1)"
ok "void another CA's order" void 4c0000000000000000000000000000cc \
	"$(printf '%064d' 0)"
ok "one revoked" "$certflow" crl
ok "one entry" entries 1
says "its serial" "${voided^^}" 0 crl_text
says "its date" "Mar  2 11:00:00 2026" 0 crl_text
ok "revoke a certificate" revoke $revoked
says "two revoked" '"entries": 2' 0 "$certflow" crl --json
says "the other" "${revoked^^}" 0 crl_text
says "its date" "Mar  2 10:00:00 2026" 0 crl_text
says "verifies" "verify OK" 0 crl_text

# A read model that was lost takes nothing off the list.
ok "empty the read model" psql -qXc 'TRUNCATE read_model.issuance_order,
	read_model.certificate_ca_history'
ok "crl" "$certflow" crl
ok "both stay" entries 2
says "unreachable" "read model not asked" 0 "$certflow" crl \
	--pg "host=$CERTFLOW_HOME dbname=none"
ok "both stay" entries 2
says "wrong schema" "revoked serial numbers" 3 "$certflow" crl \
	--pg "$PG_CONNINFO dbname=postgres"
ok "root is not concerned" "$certflow" crl --root

ca_summary
