#!/usr/bin/env bash
# The record of a ceremony, verified by OpenSSL alone and by certflow; and
# ceremonies that are killed at any moment, then repeated.
set -uo pipefail

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
# shellcheck source=tests/lib/ca.sh
source "$repo/tests/lib/ca.sh"
trap 'rm -rf "$CERTFLOW_HOME"' EXIT
module=/usr/lib/softhsm/libsofthsm2.so
records=$CERTFLOW_HOME/ceremony

# record ACT: the newest one's name without .txt
record() {
	local all=("$records"/*-"$1".txt)
	echo "${all[-1]%.txt}"
}

# by_openssl RECORD CERTIFICATE [DIGEST]: what the documentation says
by_openssl() {
	openssl x509 -in "$2" -noout -pubkey >"$CERTFLOW_HOME/key.pem" &&
		openssl dgst "-${3:-sha256}" -verify "$CERTFLOW_HOME/key.pem" \
			-signature "$1.sig" "$1.txt" &&
		grep -F "$(sha256sum "$1.json" | cut -d ' ' -f 1)" "$1.txt"
}

# broken SUFFIX OFFSET TEXT: one octet of a copy is another one
broken() {
	rm -rf "$CERTFLOW_HOME/copy"
	cp -r "$records" "$CERTFLOW_HOME/copy"
	local file
	file=$CERTFLOW_HOME/copy/$(basename "$(record init)")
	printf '\x7f' | dd of="$file.$1" bs=1 seek="$2" conv=notrunc status=none
	says "an octet of .$1 at $2" "$3" 1 "$certflow" ca verify-record \
		"$file.txt"
	if [[ $1 != json ]] && by_openssl "$file" "$ca/issuing.pem" \
		>/dev/null 2>&1; then
		ok "OpenSSL accepts .$1" false
	fi
}

holds() {
	jq -e "$2" "$1.json"
}

objects() {
	SOFTHSM2_CONF=$CERTFLOW_HOME/$1.conf pkcs11-tool --module "$module" \
		--login --pin "$(cat "$CERTFLOW_HOME/etc/pin.$1")" \
		--list-objects --type "$2" 2>/dev/null | grep -c "$3"
}

# The lock of a killed command is held by its token process until that ends.
init_again() {
	local said
	until said=$("$certflow" ca init --key p256 2>&1); do
		if [[ $said != *"another certflow command"* ]]; then
			echo "$said"
			return 1
		fi
		sleep 0.05
	done
}

ca_tokens
ok "init" "$certflow" ca init --key rsa2048 \
	--participant 'Administrator: Nguyễn Văn Mẫu' --participant 'Auditor: B'
r=$(record init)
ok "OpenSSL" by_openssl "$r" "$ca/issuing.pem"
says "certflow" "signature     ok, key of issuing" 0 "$certflow" ca \
	verify-record "$r.txt"
says "closed to others" 600 0 stat -c %a "$r.txt"
for text in 'certflow ceremony record 1' 'Nguyễn Văn Mẫu' 'Auditor: B' \
	'never_extractable  yes' 'CN=Certflow Issuing CA' \
	"$(sha256sum "$ca/root.cer" | cut -d ' ' -f 1)" \
	"$(sha256sum "$ca/issuing.crl" | cut -d ' ' -f 1)" \
	"$(sha256sum "$certflow" | cut -d ' ' -f 1)" \
	"$(sha256sum "$module" | cut -d ' ' -f 1)"; do
	ok "it says $text" grep -F "$text" "$r.txt"
done
serial=$(SOFTHSM2_CONF=$CERTFLOW_HOME/issuing.conf pkcs11-tool --module \
	"$module" --list-slots 2>/dev/null | sed -n 's/.*serial num *: //p' |
	head -1)
ok "serial of the token" holds "$r" \
	".tokens | any(.group == \"issuing\" and .serial == \"$serial\")"
ok "two keys, made now" holds "$r" '[.keys[].made] == ["now", "now"]'
ok "attributes" holds "$r" '.keys | all(.attributes.extractable == false and
	.attributes.sensitive and .attributes.local)'
size=$(stat -c %s "$r.txt")
for at in 0 200 $((size / 2)) $((size - 2)); do
	broken txt "$at" "the .txt does not say"
done
broken json 300 "the .json is not JSON"
broken json "$(grep -bo Auditor "$r.json" | cut -d : -f 1)" \
	"the .txt does not say"
broken sig 20 "signature of issuing"
cp "$ca/root.cer" "$CERTFLOW_HOME/root.cer"
printf '\x7f' | dd of="$ca/root.cer" bs=1 seek=200 conv=notrunc status=none
says "another root" "root.cer is not the one of the record" 1 \
	"$certflow" ca verify-record "$r.txt"
cp "$CERTFLOW_HOME/root.cer" "$ca/root.cer"

ok "rollover" "$certflow" ca rollover --key p384 --participant 'A: B'
r2=$(record rollover)
ok "rollover: OpenSSL" by_openssl "$r2" "$ca/issuing-2.pem" sha384
ok "rollover: certflow" "$certflow" ca verify-record "$r2.txt"
ok "the first one still" "$certflow" ca verify-record "$r.txt"
cp "$r.sig" "$r2.sig"
says "signed by another key" "signature of issuing-2" 1 "$certflow" ca \
	verify-record "$r2.txt"
ok "request" "$certflow" ca request --key p256
ok "request: certflow" "$certflow" ca verify-record "$(record request).txt"
says "nowhere to write" "record in /proc/1/x" 3 "$certflow" ca rollover \
	--key p256 --record /proc/1/x

# Killed between any two uses of a token, and repeated. (Only the command
# itself: a SoftHSM that is killed amid a write leaves half an object, a token
# proper does not.)
ca_tokens
for n in {1..12}; do
	timeout --foreground -s KILL "$(printf '0.%03d' $((n * 70)))" \
		"$certflow" ca init --key p256 >/dev/null 2>&1
	[[ -e $ca/issuing.pem ]] && break
done
[[ -e $ca/issuing.pem ]] || ok "killed: repeated" init_again
ok "killed: complete in the end" test -e "$ca/issuing.pem"
ok "killed: certificates" openssl verify -x509_strict -CAfile "$ca/root.pem" \
	"$ca/issuing.pem"
ok "killed: the tokens" "$certflow" hsm check
for group in root issuing; do
	says "killed: one key in $group" 1 0 objects $group privkey Private
	says "killed: one certificate in $group" 1 0 objects $group cert \
		Certificate
done
ok "killed: the record" "$certflow" ca verify-record "$(record init).txt"

ca_summary
