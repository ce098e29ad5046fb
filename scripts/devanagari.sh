#!/bin/sh
# Makes sure that a font for Hindi is installed, without which pictures of pages show boxes in the place of letters. As
# root it installs Debian's package; elsewhere it fails and says so.
set -eu

has_font() {
	fc-list :lang=hi 2>/dev/null | grep -q .
}

has_font && exit
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
	echo "devanagari.sh: installing Debian's package fonts-lohit-deva" >&2
	DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends fontconfig fonts-lohit-deva \
		>&2 </dev/null || true
fi
has_font || {
	echo "devanagari.sh: there is no font for Hindi (Debian: apt-get install fonts-lohit-deva)" >&2
	exit 1
}
