#!/bin/sh
# fuzz.sh SECONDS [TARGET...]: libFuzzer over each target, its corpus first.
# Findings are kept in build/fuzz/.
set -eu
seconds=$1
shift
[ $# -gt 0 ] || set -- $(ls tests/fuzz/fuzz_*.c | sed 's,.*/fuzz_,,; s,\.c$,,')
pkgs="ncursesw libcurl libcjson libuv libxxhash libzstd libutf8proc yaml-0.1 libcrypto expat"
out=build/fuzz
mkdir -p "$out"
make --no-print-directory build/themes_data.h >/dev/null
flags="-std=c17 -D_GNU_SOURCE -O1 -g -ffp-contract=off -I. -Ibuild -DREDTOP_ASSERT
	-DREDTOP_VERSION=\"fuzz\" -fsanitize=fuzzer-no-link,address,undefined
	-fno-sanitize-recover=undefined $(pkg-config --cflags $pkgs)"
objs=
for c in base/*.c model/*.c sources/*.c record/*.c tui/*.c widgets/*.c app/*.c; do
	[ "$c" = app/main.c ] && continue
	o=$out/$(echo "$c" | tr / -).o
	[ "$o" -nt "$c" ] || clang $flags -c "$c" -o "$o"
	objs="$objs $o"
done
for t in "$@"; do
	clang $flags -fsanitize=fuzzer "tests/fuzz/fuzz_$t.c" $objs -o "$out/$t" \
		-lvterm $(pkg-config --libs $pkgs) -lm -lpthread
	mkdir -p "$out/$t.found"
	echo "== $t, ${seconds}s"
	"$out/$t" -max_total_time="$seconds" -print_final_stats=0 -verbosity=0 \
		-artifact_prefix="$out/$t." "$out/$t.found" "tests/fuzz/corpus/$t"
done
