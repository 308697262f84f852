#!/usr/bin/env bash
# certflow ca request, import and rollover: an issuing CA below a root that
# OpenSSL plays, which answers right once and wrong in every way we know.
set -uo pipefail

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
# shellcheck source=tests/lib/ca.sh
source "$repo/tests/lib/ca.sh"
trap 'rm -rf "$CERTFLOW_HOME"' EXIT
module=/usr/lib/softhsm/libsofthsm2.so

subject='/C=VN/O=Bộ Mẫu/CN=National Root Mẫu'
good='basicConstraints=critical,CA:TRUE,pathlen:0
keyUsage=critical,keyCertSign,cRLSign
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid:always'

# root NAME DIGEST: a self-signed root, key beside it
root() {
	openssl req -x509 -newkey rsa:2048 -nodes -utf8 -"$2" -days 7300 \
		-subj "$subject" -keyout "$root/$1.key" -out "$root/$1.pem" \
		-addext "basicConstraints=critical,CA:TRUE" \
		-addext "keyUsage=critical,keyCertSign,cRLSign" 2>/dev/null
}

# answer NAME REQUEST EXTENSIONS [OPTION...]: NAME.pem, by root.pem
answer() {
	local name=$1 request=$2 extensions=$3
	shift 3
	printf '%s\n' "$extensions" >"$root/$name.cnf"
	openssl x509 -req -in "$request" -CA "$root/root.pem" \
		-CAkey "$root/root.key" -set_serial "0x40$(openssl rand -hex 15)" \
		-sha256 -days 3650 -extfile "$root/$name.cnf" \
		-out "$root/$name.pem" "$@" 2>/dev/null
}

import() {
	"$certflow" ca import "$root/$1.pem" --chain "$root/root.pem" "${@:2}"
}

# faked COMMAND...: with the clock that FAKETIME says
faked() {
	LD_PRELOAD=/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1 "$@"
}

# An intermediate that is signed with SHA-1, and an answer below it.
weak_chain() {
	openssl req -new -newkey rsa:2048 -nodes -subj /CN=Between \
		-keyout "$root/between.key" -out "$root/between.csr" 2>/dev/null
	answer between "$root/between.csr" "${good/,pathlen:0/}" -sha1
	openssl x509 -req -in "$request" -CA "$root/between.pem" -CAkey \
		"$root/between.key" -extfile "$root/right.cnf" -days 10 \
		-out "$root/under.pem" 2>/dev/null
	cat "$root/between.pem" "$root/root.pem" >"$root/weak-chain.pem"
}

differ() {
	[[ $(openssl x509 -in "$ca/$1.pem" -noout -pubkey) != \
		$(openssl x509 -in "$ca/$2.pem" -noout -pubkey) ]]
}

count_certificates() {
	SOFTHSM2_CONF=$CERTFLOW_HOME/issuing.conf pkcs11-tool --module \
		"$module" --list-objects --type cert 2>/dev/null |
		grep -c "Certificate Object"
}

everything() {
	(cd "$CERTFLOW_HOME" && find ca issuing -type f -exec sha256sum {} + |
		sort)
}

refused() {
	says "$1: $2" "$2: $3" 1 import "$1"
	ok "$1: nothing stored" test "$(everything)" == "$before"
}

verifies() {
	openssl verify -x509_strict -CAfile "$ca/root.pem" "$ca/$1.pem" &&
		openssl crl -in "$ca/$1.crl" -inform DER -noout -CAfile \
			"$ca/$1.pem"
}

in_token() {
	SOFTHSM2_CONF=$CERTFLOW_HOME/issuing.conf pkcs11-tool --module \
		"$module" --read-object --type cert --label "$1" 2>/dev/null |
		cmp - "$ca/$1.cer"
}

request_holds() {
	openssl req -in "$ca/issuing.csr" -inform DER -noout -verify -text |
		tr -s ' \n' ' ' | grep -F "$1"
}

ca_tokens
root=$CERTFLOW_HOME/outside
mkdir "$root"
root root sha256
root other sha256
request=$ca/issuing.csr.pem
ok "request" "$certflow" ca request --key rsa2048 --organisation "CA Mẫu"
for text in "CA:TRUE, pathlen:0" "Certificate Sign, CRL Sign" \
	"Subject Key Identifier"; do
	ok "request: $text" request_holds "$text"
done
cp "$ca/issuing.csr" "$root/first.csr"
ok "request again" "$certflow" ca request --key rsa2048
ok "it is the same" cmp "$root/first.csr" "$ca/issuing.csr"
says "another kind of key" "already holds other objects" 3 \
	"$certflow" ca request --key p256
before=$(everything)

# Each rule, broken once.
openssl req -new -newkey rsa:2048 -nodes -utf8 -subj \
	'/C=VN/O=CA Mẫu/CN=CA Mẫu Issuing CA' -keyout "$root/own.key" \
	-out "$root/own.csr" 2>/dev/null
answer key "$root/own.csr" "$good"
refused key key "another key than the request's"
answer subject "$request" "$good" -subj '/C=VN/CN=CA Mẫu Issuing CA'
refused subject subject "another subject than the request's"
openssl x509 -req -in "$root/own.csr" -key "$root/own.key" -days 10 \
	-force_pubkey <(openssl req -in "$request" -noout -pubkey) \
	-extfile "$root/key.cnf" -out "$root/issuer.pem" 2>/dev/null
refused issuer issuer "issuer and subject are the same"
answer algorithm "$request" "$good" -sha1
refused algorithm algorithm "not RSA"
answer ca "$request" "${good/CA:TRUE,pathlen:0/CA:FALSE}"
refused ca basic_constraints "not CA:TRUE"
answer soft "$request" "${good/critical,CA/CA}"
refused soft basic_constraints "absent or not critical"
answer deep "$request" "${good/pathlen:0/pathlen:1}"
refused deep basic_constraints "path length is not 0"
answer endless "$request" "${good/,pathlen:0/}"
refused endless basic_constraints "no path length"
answer usage "$request" "${good/,cRLSign/}"
refused usage key_usage "not keyCertSign and cRLSign"
answer wide "$request" "${good/cRLSign/cRLSign,keyEncipherment}"
refused wide key_usage "more than"
answer names "$request" "$good
nameConstraints=critical,permitted;DNS:example.vn"
refused names constraints "name constraints"
answer purpose "$request" "$good
extendedKeyUsage=emailProtection"
refused purpose constraints "extended key usage"
answer noski "$request" "${good/=hash/=none}"
refused noski subject_key_id absent
answer noaki "$request" "${good/keyid:always/none}"
refused noaki authority_key_id absent
FAKETIME=-20d faked answer expired "$request" "$good" -days 10
refused expired validity "expired"
FAKETIME=+3d faked answer early "$request" "$good"
refused early validity "not yet valid"
answer broken "$request" "$good"
openssl x509 -in "$root/broken.pem" -outform DER -out "$root/broken.der"
printf '\x5a' | dd of="$root/broken.der" conv=notrunc bs=1 status=none \
	seek=$(($(stat -c %s "$root/broken.der") - 9))
mv "$root/broken.der" "$root/broken.pem"
refused broken chain "certificate signature failure"
answer right "$request" "$good"
says "another root" "chain: " 1 "$certflow" ca import "$root/right.pem" \
	--chain "$root/other.pem"
says "no root" "no self-signed certificate" 3 "$certflow" ca import \
	"$root/right.pem" --chain "$root/right.pem"
sed '3s/^......../????????/' "$root/other.pem" | cat "$root/root.pem" - \
	>"$root/damaged.pem"
says "a damaged block behind the root" "read the chain" 3 "$certflow" ca \
	import "$root/right.pem" --chain "$root/damaged.pem"
printf 'x' | cat <(openssl x509 -in "$root/right.pem" -outform DER) - \
	>"$root/trailing.pem"
refused trailing form "certificate: not DER"
weak_chain
says "weak chain" "chain: CA signature digest algorithm too weak" 1 \
	"$certflow" ca import "$root/under.pem" --chain "$root/weak-chain.pem"
says "usage" "usage: certflow ca" 2 "$certflow" ca import "$root/right.pem"
ok "still nothing stored" test "$(everything)" == "$before"

# The right answer.
says "import" "ca.certificate = $ca/issuing.pem" 0 import right
ok "import: verifies" verifies issuing
ok "import: in the token" in_token issuing
ok "import: check" "$certflow" hsm check --group issuing
ok "import: crl" "$certflow" crl
ok "import: root" cmp <(openssl x509 -in "$root/root.pem" -outform DER) \
	"$ca/root.cer"

# Once more, with another key and name. The old one goes on.
ok "second request" "$certflow" ca request --key p256
says "it follows" "CN = CA Mẫu Issuing CA 2" 0 openssl req -in \
	"$ca/issuing-2.csr.pem" -noout -subject -nameopt utf8,sep_comma_plus_space,space_eq
before=$(everything)
refused right key "another key"
answer endless2 "$ca/issuing-2.csr.pem" "${good/,pathlen:0/}"
refused endless2 basic_constraints "no path length"
ok "tolerated" import endless2 --any-path-length
ok "second: verifies" verifies issuing-2
ok "second: in the token" in_token issuing-2
ok "both sign" "$certflow" hsm check --group issuing
ok "crl of the first" "$certflow" crl
ok "crl of the second" "$certflow" crl --name issuing-2
ok "first: verifies" verifies issuing
says "second: number" crlNumber=0x02 0 openssl crl -in "$ca/issuing-2.crl" \
	-inform DER -noout -crlnumber
says "our root is not there" "no token is called nothing" 3 "$certflow" ca rollover \
	--token-root nothing

# Below a root of our own: rollover, also when it is cut short anywhere.
ca_tokens
says "nothing to follow" "holds no CA" 3 "$certflow" ca rollover --key p256
ok "init" "$certflow" ca init --key p256 --organisation "CA Mẫu"
says "rollover" "ca.others = $ca/root.pem,$ca/issuing.pem" 0 \
	"$certflow" ca rollover --key p256
ok "rollover: verifies" verifies issuing-2
ok "rollover: the first verifies" verifies issuing
says "rollover: subject" "CA Mẫu Issuing CA 2" 0 openssl x509 -noout -subject \
	-nameopt utf8 -in "$ca/issuing-2.pem"
ok "rollover: another key" differ issuing issuing-2
ok "rollover: check" "$certflow" hsm check
sum=$(sha256sum <"$ca/issuing-2.cer")
rm "$ca/issuing-2.pem"
ok "cut short before the end" "$certflow" ca rollover --key p256
ok "the same certificate" test "$sum" == "$(sha256sum <"$ca/issuing-2.cer")"
says "one in the token" 2 0 count_certificates
rm "$ca/issuing-2.pem" "$ca/issuing-2.crl" "$ca/issuing-2.cer"
says "a certificate that is lost" "already holds the certificate" 3 \
	"$certflow" ca rollover --key p256

ca_summary
