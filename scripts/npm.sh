#!/usr/bin/env bash
# Installs the packages that a package-lock.json pins into a folder outside the clone, once for each lock file, and prints the folder.
# Usage: scripts/npm.sh [folder of the lock file]   (tools/npm without one)
set -euo pipefail

here="$(cd "${1:-$(dirname "$0")/../tools/npm}" && pwd)"
if ! command -v npm >/dev/null; then
	echo "npm.sh: npm is missing (Debian: apt-get install npm)" >&2
	exit 1
fi

cache="${XDG_CACHE_HOME:-$HOME/.cache}/amrutam"
folder="$cache/npm-$(cat "$here/package.json" "$here/package-lock.json" | sha256sum | cut -c1-16)"
if [[ ! -d $folder ]]; then
	mkdir -p "$cache"
	fresh="$(mktemp -d "$cache/.npm.XXXXXX")"
	trap 'rm -rf "$fresh"' EXIT
	cp "$here/package.json" "$here/package-lock.json" "$here/.npmrc" "$fresh/"
	echo "installing the npm packages of $(basename "$here") (once; they are kept in $folder)" >&2
	(cd "$fresh" && npm ci --no-progress --loglevel=error) >&2
	mv -T "$fresh" "$folder" 2>/dev/null || [[ -d $folder ]] # another run may have been quicker
fi
echo "$folder"
