#!/usr/bin/env bash
# certflow ca init, crl, hsm list and check on SoftHSM tokens of their own,
# judged by OpenSSL, GnuTLS and pkcs11-tool.
set -uo pipefail

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
# shellcheck source=tests/lib/ca.sh
source "$repo/tests/lib/ca.sh"
trap 'rm -rf "$CERTFLOW_HOME"' EXIT
module=/usr/lib/softhsm/libsofthsm2.so

# objects GROUP ARGUMENT...: pkcs11-tool, logged in
objects() {
	local group=$1
	shift
	SOFTHSM2_CONF=$CERTFLOW_HOME/$group.conf pkcs11-tool \
		--module "$module" --login \
		--pin "$(cat "$CERTFLOW_HOME/etc/pin.$group")" "$@" 2>/dev/null
}

digest() {
	(cd "$ca" && sha256sum ./* | sha256sum)
}

number() {
	openssl crl -in "$ca/$1.crl" -inform DER -noout -crlnumber
}

unchanged() {
	[[ $(digest) == "$1" ]]
}

same_key() {
	[[ $(openssl x509 -in "$ca/issuing.pem" -noout -pubkey) == "$1" ]]
}

certificates_verify() {
	openssl verify -x509_strict -CAfile "$ca/root.pem" "$ca/issuing.pem" &&
		openssl verify -x509_strict -crl_check_all \
			-CRLfile "$ca/root.crl.pem" -CAfile "$ca/root.pem" \
			"$ca/issuing.pem" &&
		openssl crl -in "$ca/issuing.crl" -inform DER -noout \
			-CAfile "$ca/issuing.pem" &&
		certtool --verify --load-ca-certificate "$ca/root.pem" \
			--infile "$ca/issuing.pem"
}

private_key_is_safe() {
	local found
	found=$(objects "$1" --list-objects --type privkey)
	[[ $found == *"sensitive, always sensitive, never extractable, local"* ]] &&
		[[ $found == *"Usage:      sign"* ]] &&
		[[ $found == *"Allowed mechanisms: $2"* ]]
}

for kind in rsa2048 p256; do
	mechanism=RSA-PKCS
	[[ $kind == p256 ]] && mechanism=ECDSA
	ca_tokens
	ok "$kind: init" "$certflow" ca init --key "$kind"
	ok "$kind: verify" certificates_verify
	ok "$kind: root key" private_key_is_safe root "$mechanism"
	ok "$kind: issuing key" private_key_is_safe issuing "$mechanism"
	ok "$kind: check" "$certflow" hsm check
	says "$kind: list" "never extractable" 0 "$certflow" hsm list
	before=$(digest)
	says "$kind: again" "already holds a CA" 3 "$certflow" ca init
	ok "$kind: nothing changed" unchanged "$before"
	says "$kind: other directory" "already holds the certificate" 3 \
		"$certflow" ca init --out "$CERTFLOW_HOME/other"
	says "$kind: first number" crlNumber=0x01 0 number issuing
	ok "$kind: crl" "$certflow" crl
	ok "$kind: crl" "$certflow" crl
	says "$kind: number" crlNumber=0x03 0 number issuing
	ok "$kind: root crl" "$certflow" crl --root
	says "$kind: root number" crlNumber=0x02 0 number root
	ok "$kind: verify again" certificates_verify
done

# A ceremony cut short before anything was published goes on with its keys.
key=$(openssl x509 -in "$ca/issuing.pem" -noout -pubkey)
for group in root issuing; do
	objects "$group" --delete-object --type cert --label "$group" >/dev/null
done
rm -rf "$ca"
ok "cut short" "$certflow" ca init --key p256
ok "cut short: same key" same_key "$key"

# The token's key is not that of the certificate.
cp "$ca/root.pem" "$ca/issuing.pem"
says "wrong certificate" "does not hold this private key" 1 \
	"$certflow" hsm check --group issuing
rm "$ca/issuing.crl"
says "no CRL to count from" "issuing.crl" 3 "$certflow" crl

# pkcs11-spy would write the PIN into its trace, by whatever name.
cp /usr/lib/x86_64-linux-gnu/pkcs11-spy.so "$CERTFLOW_HOME/softhsm.so"
says "spy" "pkcs11-spy" 1 "$certflow" hsm check --group root \
	--module "$CERTFLOW_HOME/softhsm.so"

says "usage" "usage: certflow ca init" 2 "$certflow" ca init --key dsa
says "no token" "no token is called" 1 "$certflow" hsm check \
	--group root --token-root nothing
chmod 644 "$CERTFLOW_HOME/etc/pin.root"
says "open PIN file" "others may read" 1 "$certflow" hsm check --group root
chmod 600 "$CERTFLOW_HOME/etc/pin.root"

# A wrong PIN is offered once; then the token's flag keeps us out.
cp "$CERTFLOW_HOME/etc/pin.root" "$CERTFLOW_HOME/etc/good"
echo 000000 >"$CERTFLOW_HOME/etc/pin.root"
says "wrong PIN" "log in" 1 "$certflow" hsm check --group root
cp "$CERTFLOW_HOME/etc/good" "$CERTFLOW_HOME/etc/pin.root"
says "after a wrong PIN" "a wrong PIN was tried before" 1 \
	"$certflow" hsm check --group root

ca_summary
