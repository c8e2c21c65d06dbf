#!/bin/sh
# servers.sh DIR PACKAGE...: fetches Debian packages and unpacks them under
# DIR: nothing is installed, no daemon is started, no root is needed.
set -eu
dir=$1
shift
mkdir -p "$dir/deb"
for p in "$@"; do
	[ -x "$dir/usr/bin/$p" ] && continue
	(
		cd "$dir/deb"
		apt-get download "$p" >/dev/null 2>&1 || {
			if [ "$(id -u)" = 0 ]; then
				apt-get update >/dev/null
			elif command -v sudo >/dev/null 2>&1; then
				sudo apt-get update >/dev/null
			fi
			apt-get download "$p" >/dev/null
		}
	)
	for deb in "$dir/deb/${p}_"*.deb; do
		dpkg-deb -x "$deb" "$dir"
	done
done
