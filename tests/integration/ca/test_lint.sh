#!/usr/bin/env bash
# certflow lint and certflow profile check: no service, no token.
set -uo pipefail

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
# shellcheck source=tests/lib/ca.sh
source "$repo/tests/lib/ca.sh"
trap 'rm -rf "$CERTFLOW_HOME"' EXIT
data=$repo/tests/data
profile=$repo/schemas/profiles/org-hsm-ca4.ini
certificate=(--profile "$profile" --issuer "$data/lint/issuing.pem")

# csr NAME: the octets of a line of the hostile corpus
csr() {
	awk -F '\t' -v name="$1" '$2 == name { print $3 }' \
		"$data/hostile-csrs.tsv" | base64 -d >"$CERTFLOW_HOME/csr.der"
}

lint_csr() {
	csr "$1" && "$certflow" lint "$CERTFLOW_HOME/csr.der" \
		--tax-code "${2:-0199000112}"
}

count() {
	[[ $("$certflow" lint "$@" | grep -c ' ok$') == "$want" ]]
}

want=36
ok "certificate" "$certflow" lint "$data/lint/certificate.pem" \
	"${certificate[@]}"
ok "its rules and the signature" count "$data/lint/certificate.pem" \
	"${certificate[@]}"
want=35
ok "TBSCertificate" "$certflow" lint "$data/lint/certificate.tbs" \
	"${certificate[@]}"
ok "its rules" count "$data/lint/certificate.tbs" "${certificate[@]}"
openssl x509 -in "$data/lint/certificate.pem" -outform DER \
	-out "$CERTFLOW_HOME/cert.der"
ok "DER" "$certflow" lint "$CERTFLOW_HOME/cert.der" "${certificate[@]}"
printf '\xff' | dd of="$CERTFLOW_HOME/cert.der" bs=1 conv=notrunc status=none \
	seek=$(($(stat -c %s "$CERTFLOW_HOME/cert.der") - 1))
says "signature" "signature is not the CA's" 1 "$certflow" lint \
	"$CERTFLOW_HOME/cert.der" "${certificate[@]}"
says "a CA's" "basic_constraints      FAILED" 1 "$certflow" lint \
	"$data/lint/issuing.pem" "${certificate[@]}"
says "other addresses" "crl_address            FAILED" 1 "$certflow" lint \
	"$data/lint/certificate.pem" "${certificate[@]}" \
	--public-url http://other.example
says "nonsense" "structure              FAILED" 1 "$certflow" lint \
	"$profile" "${certificate[@]}"
says "no profile" "--profile" 2 "$certflow" lint "$data/lint/certificate.pem"
says "no file" "usage" 2 "$certflow" lint
says "unreadable" "no-such" 3 "$certflow" lint "$CERTFLOW_HOME/no-such"

says "CSR" "ECDSA-SHA256" 0 lint_csr good-p256
says "ROCA" "KEY_ROCA" 1 lint_csr roca-2048-0
says "proof" "CSR_SIGNATURE" 1 lint_csr ec-by-another
says "tax code" "CSR_TAX_CODE" 1 lint_csr good-p256 0100109106
csr good-p256
says "whose" "--tax-code" 2 "$certflow" lint "$CERTFLOW_HOME/csr.der"
csr listed-ec
says "blocklist" "KEY_BLOCKLISTED" 1 "$certflow" lint \
	"$CERTFLOW_HOME/csr.der" --tax-code 0199000112 \
	--issuer "$data/lint/issuing.pem" --blocklist "$data/blocklist.txt"

ok "shipped profiles" "$certflow" profile check \
	"$repo"/schemas/profiles/*.ini
ok "for this CA" "$certflow" profile check "$repo"/schemas/profiles/*.ini \
	--issuer "$data/lint/issuing.pem"
says "algorithms" "RSA-PSS-SHA256 ECDSA-SHA256 ECDSA-SHA384" 0 "$certflow" \
	profile check "$repo/schemas/profiles/org-hsm-ca4-pss.ini"
sed 's/^signature = .*/signature = RSA-PSS-SHA256/' "$profile" \
	>"$CERTFLOW_HOME/profile.ini"
ok "for some CA" "$certflow" profile check "$CERTFLOW_HOME/profile.ini"
says "not for this CA" "org-hsm-ca4: [profile] signature: nothing that" 1 \
	"$certflow" profile check "$CERTFLOW_HOME/profile.ini" \
	--issuer "$data/lint/issuing.pem"
says "digest" "$(sha256sum <"$profile" | cut -c 1-64)" 0 \
	"$certflow" profile check "$profile"
sed 's/max_months = 36/max_months = 36x/' "$profile" \
	>"$CERTFLOW_HOME/profile.ini"
says "line" "line 7" 1 "$certflow" profile check "$CERTFLOW_HOME/profile.ini"
says "what" "usage" 2 "$certflow" profile

ca_summary
