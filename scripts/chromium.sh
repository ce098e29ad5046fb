#!/bin/sh
# Makes sure that a Chromium is installed for the tests of pages, and prints its path. If there is none, it installs Debian's
# package (as root). Where it can't, it says so and succeeds: tests/browser then leaves its tests out, unless CI is set.
set -eu

find_installed() {
	for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable; do
		if [ -n "$name" ] && command -v "$name"; then
			return
		fi
	done
	return 1
}

find_installed && exit
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
	echo "chromium.sh: installing Debian's package chromium" >&2
	apt-get update -q >&2 </dev/null || true
	DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends chromium >&2 </dev/null || true
fi
find_installed || echo "chromium.sh: no Chromium (Debian: apt-get install chromium), so the tests of pages in a browser are left out" >&2
