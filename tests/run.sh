#!/bin/sh
# run.sh BUILD PROGRAM...: runs test programs and adds up what they passed. A
# program that crashes, hangs or says nothing is a failure of what it left out.
# Ends in the plain line `N passed, N failed`.
set -u
build=$1
shift
log=$build/test-logs
mkdir -p "$log"
passed=0
failed=0
export REDTOP_SERVERS="${REDTOP_SERVERS:-build/servers}"
export REDTOP="${REDTOP:-./redtop}"
export REDTOP_BUILD="$build"
export CMOCKA_MESSAGE_OUTPUT=stdout
for t in "$@"; do
	name=${t#"$build"/tests/}
	out=$log/$(echo "$name" | tr / -).log
	start=$(date +%s)
	timeout "${TEST_SECONDS:-600}" "$t" >"$out" 2>&1 </dev/null
	code=$?
	# A program may have several groups; each says how many it runs.
	n=$(sed -n 's/^\[==========\].*Running \([0-9]*\) test(s)\..*/\1/p' "$out" |
		awk '{ s += $1 } END { print s + 0 }')
	ok=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) test(s)\..*/\1/p' "$out" |
		awk '{ s += $1 } END { print s + 0 }')
	bad=$((n - ok))
	if [ "$code" -ne 0 ] && [ "$bad" -le 0 ]; then
		bad=1
	fi
	if [ "$n" -eq 0 ]; then
		bad=1
	fi
	passed=$((passed + ok))
	failed=$((failed + bad))
	took=$(($(date +%s) - start))
	if [ "$bad" -gt 0 ]; then
		echo "FAIL $name: $ok of $n passed, exit $code, ${took}s"
		grep -aE '^\[  FAILED  \]|^\[   LINE   \]|ERROR|runtime error|Error' "$out" | head -40
		echo "     whole output: $out"
	else
		echo "ok   $name: $ok, ${took}s"
	fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
