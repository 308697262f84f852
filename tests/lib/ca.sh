# A CA of a test's own: SoftHSM tokens in a temporary directory.  Source it
# with $repo set; it sets certflow, CERTFLOW_HOME, ca and the environment
# that certflow reads, and counts what passed and failed.
#
#	ca_tokens        # fresh tokens root, issuing, customer-1
#	ca_token GROUP LABEL  # one more
#	ok WHAT COMMAND...
#	says WHAT TEXT STATUS COMMAND...
#	ca_summary       # the last line; false if anything failed
#
# CERTFLOW_HOME is the caller's to remove.
# shellcheck shell=bash disable=SC2034

certflow=${CERTFLOW_BUILD:-${repo:?}/build}/bin/certflow
CERTFLOW_HOME=$(mktemp -d "${TMPDIR:-/tmp}/certflow-ca.XXXXXX")
ca=$CERTFLOW_HOME/ca
export CERTFLOW_HOME CERTFLOW_CA_DIR=$ca
export CERTFLOW_PUBLIC_URL=http://127.0.0.1:8080
unset CERTFLOW_PIN_FILE_ROOT CERTFLOW_PIN_FILE_ISSUING \
	CERTFLOW_PIN_FILE_CUSTOMER CERTFLOW_PIN_FILE_OCSP \
	CERTFLOW_PKCS11_MODULE CERTFLOW_PG
passed=0
failed=0

# ok WHAT COMMAND...: the command succeeds
ok() {
	local what=$1 output
	shift
	if output=$("$@" 2>&1); then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf 'FAILED %s\n%s\n' "$what" "$output"
	fi
}

# says WHAT TEXT STATUS COMMAND...: it ends with STATUS and says TEXT
says() {
	local what=$1 text=$2 status=$3 output code
	shift 3
	output=$("$@" 2>&1)
	code=$?
	if [[ $code -eq $status && $output == *"$text"* ]]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf 'FAILED %s: status %s\n%s\n' "$what" "$code" "$output"
	fi
}

# A fresh token of a group.
ca_token() {
	local group=$1 label=$2 conf=$CERTFLOW_HOME/$1.conf
	mkdir "$CERTFLOW_HOME/$group"
	printf 'directories.tokendir = %s\nlog.level = ERROR\n' \
		"$CERTFLOW_HOME/$group" >"$conf"
	(umask 077 && echo "4711$RANDOM" >"$CERTFLOW_HOME/etc/pin.$group")
	SOFTHSM2_CONF=$conf softhsm2-util --init-token --free \
		--label "$label" --so-pin 12345678 \
		--pin "$(cat "$CERTFLOW_HOME/etc/pin.$group")" >/dev/null
	export "CERTFLOW_SOFTHSM2_CONF_${group^^}=$conf"
}

# Fresh tokens of the three groups.
ca_tokens() {
	rm -rf "${CERTFLOW_HOME:?}"/* && mkdir "$CERTFLOW_HOME/etc"
	ca_token root root
	ca_token issuing issuing
	ca_token customer customer-1
}

ca_summary() {
	echo "$passed passed, $failed failed"
	[[ $failed -eq 0 ]]
}
