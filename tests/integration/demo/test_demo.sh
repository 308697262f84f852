#!/usr/bin/env bash
# ops/demo from nothing, then once more beside the data of the first run;
# then the stack goes down and up.
set -euo pipefail

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
CERTFLOW_HOME=$(mktemp -d /tmp/certflow-demo-XXXXXX)
export CERTFLOW_HOME CERTFLOW_PORT_BASE=auto
unset CERTFLOW_BUILD

finish() {
	"$repo/ops/stack" reset --yes >/dev/null 2>&1 || true
	rm -rf "$CERTFLOW_HOME"
}
trap finish EXIT

passed=0
failed=0
for round in first second; do
	# From a directory that is not the project's.
	if (cd / && "$repo/ops/demo"); then
		passed=$((passed + 1))
	else
		echo "the $round run failed"
		failed=$((failed + 1))
		tail -n 15 "$CERTFLOW_HOME"/log/{registrar,keygen,issuer,activator,projector}.log
	fi
done

# Down and up again: the programs go on.
"$repo/ops/stack" down
"$repo/ops/stack" up
if [[ $("$repo/ops/stack" status | grep -c ' ready ') -eq \
	$("$repo/ops/stack" env | grep -c '^CERTFLOW_HEALTH_') ]]; then
	passed=$((passed + 1))
else
	echo "not all programs run again after down and up"
	"$repo/ops/stack" status
	failed=$((failed + 1))
fi
echo "$passed passed, $failed failed"
[[ $failed -eq 0 ]]
