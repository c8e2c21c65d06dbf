#!/bin/sh
# Prints themes/*.theme as C, for tui/theme.c. The first named is the default.
# usage: themes/embed.sh ember paper ... >themes_data.h
set -eu
cd "$(dirname "$0")"

echo '/* Made by themes/embed.sh. */'
printf '#define THEME_NAMES'
sep=' '
for name in "$@"; do
	printf '%s"%s"' "$sep" "$name"
	sep=', '
done
echo
echo 'static const struct theme themes[] = {'
for name in "$@"; do
	awk -F= '
	function trim(s) { gsub(/^[ \t\r]+|[ \t\r]+$/, "", s); return s }
	# "252 bold" to "252, ATTR_BOLD" in color and attr
	function ink(s,   n, i, w) {
		color = -1; attr = "0"
		n = split(trim(s), w, /[ \t]+/)
		for (i = 1; i <= n; i++) {
			if (w[i] ~ /^[0-9]+$/) color = w[i]
			else if (w[i] != "-") attr = attr " | ATTR_" toupper(w[i])
		}
	}
	/^[ \t]*(#|$)/ { next }
	{ key = trim($1); value = trim($2) }
	key == "name" { printf "\t{ .name = \"%s\",\n", value; next }
	key == "light" { printf "\t  .light = %s,\n", value == "yes" ? "true" : "false"; next }
	key == "svg.text" || key == "svg.ground" {
		sub(/^svg\./, "svg_", key); sub(/^#/, "0x", value)
		printf "\t  .%s = %s,\n", key, value; next
	}
	{
		sub(/^ground\./, "", key); gsub(/\./, "_", key)
		split(value, half, "|")
		ink(half[1]); c = color; a = attr; ink(half[2])
		printf "\t  .ink[R_%s] = { %s, %s, %s, %s },\n", toupper(key), c, color, a, attr
	}
	END { print "\t}," }' "$name.theme"
done
echo '};'
