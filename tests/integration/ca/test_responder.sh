#!/usr/bin/env bash
# certflow ocsp: the responder's key and certificate, on tokens of their own.
set -uo pipefail

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
# shellcheck source=tests/lib/ca.sh
source "$repo/tests/lib/ca.sh"
trap 'rm -rf "$CERTFLOW_HOME"' EXIT

field() {
	openssl x509 -in "$ca/ocsp.pem" -noout "$@"
}

# text WHAT WANTED OPTION...: openssl x509 prints it
text() {
	local what=$1 wanted=$2
	shift 2
	says "$what" "$wanted" 0 field "$@"
}

key_of() {
	openssl x509 -in "$1" -noout -pubkey | sha256sum
}

# same WHAT TRUE|FALSE: is the key that of the copy?
same() {
	local is=false
	[[ $(key_of "$ca/ocsp.pem") == $(key_of "$CERTFLOW_HOME/before.pem") ]] &&
		is=true
	ok "$1" test "$is" = "$2"
}

keep() {
	cp "$ca/ocsp.pem" "$CERTFLOW_HOME/before.pem"
}

for kind in p256 rsa2048; do
	ca_tokens
	ok "$kind: init" "$certflow" ca init --key "$kind"
	says "$kind: no token" "no PIN file" 3 env -u CERTFLOW_HOME \
		CERTFLOW_PIN_FILE_ISSUING=/x "$certflow" ocsp
	ca_token ocsp ocsp
	ok "$kind: check before" "$certflow" hsm check
	says "$kind: asked for" "ocsp.pem" 1 "$certflow" hsm check --group ocsp
	ok "$kind: made" "$certflow" ocsp
	ok "$kind: verifies" openssl verify -x509_strict -purpose ocsphelper \
		-CAfile "$ca/root.pem" -untrusted "$ca/issuing.pem" "$ca/ocsp.pem"
	ok "$kind: hsm check" "$certflow" hsm check
	ok "$kind: hsm check says so" \
		grep -q '^ocsp ' <("$certflow" hsm check)
done
text "key of the CA's kind" "rsaEncryption" -text
text "purpose" "OCSP Signing" -ext extendedKeyUsage
text "never asked about itself" "OCSP No Check" -text
text "no CA" "CA:FALSE" -ext basicConstraints
text "key usage" "Digital Signature" -ext keyUsage
text "name" "O = Certflow, CN = OCSP Responder" -subject

keep
says "still good" "good, valid until" 0 "$certflow" ocsp --within 29
ok "unchanged" cmp "$ca/ocsp.pem" "$CERTFLOW_HOME/before.pem"
says "ends within" "renewed" 0 "$certflow" ocsp --within 31 --days 60
same "the same key" true
ok "60 days" openssl x509 -in "$ca/ocsp.pem" -noout -checkend $((59 * 86400))
says "not 61" "will expire" 1 openssl x509 -in "$ca/ocsp.pem" -noout \
	-checkend $((61 * 86400))
keep
ok "another key" "$certflow" ocsp --label ocsp-2 --key p256
same "is another" false
says "of another kind" "other objects called ocsp" 3 "$certflow" ocsp \
	--key p384
ok "json" grep -q '"renewed": false' \
	<("$certflow" ocsp --within 1 --json)
keep
printf 'garbage' >"$ca/ocsp.pem"
says "unreadable is not good" "renewed" 0 "$certflow" ocsp --within 1

# busy COMMAND...: while another command holds the directory for a second
busy() {
	local result
	flock "$ca" sleep 1 &
	until ! flock -n "$ca" true; do sleep 0.05; done
	"$@"
	result=$?
	wait
	return "$result"
}
says "waits for others" "renewed" 0 busy "$certflow" ocsp
says "looks beside others" "good" 0 busy "$certflow" ocsp --within 1

says "days" "usage" 2 "$certflow" ocsp --days 0
says "days" "usage" 2 "$certflow" ocsp --days 366
says "option" "usage" 2 "$certflow" ocsp --no-such
says "name" "not the name of an issuing CA" 3 "$certflow" ocsp --ca root
rm -f "$ca/issuing.pem"
says "no CA" "issuing.pem" 3 "$certflow" ocsp

ca_summary
