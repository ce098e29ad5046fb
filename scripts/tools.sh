#!/usr/bin/env bash
# Installs the pinned Go tools into a folder outside the clone, each only when that version is missing, and prints the
# folder. The registries have no programs of these, so they are built: golangci-lint and sqlc take minutes, once.
# Usage: scripts/tools.sh [name…]   (all of them without a name)
set -euo pipefail

# name, package, module, version
pins='
actionlint     github.com/rhysd/actionlint/cmd/actionlint             github.com/rhysd/actionlint             v1.7.12
deadcode       golang.org/x/tools/cmd/deadcode                         golang.org/x/tools                      v0.52.0
golangci-lint  github.com/golangci/golangci-lint/v2/cmd/golangci-lint  github.com/golangci/golangci-lint/v2  v2.15.0
gotestsum      gotest.tools/gotestsum                                  gotest.tools/gotestsum                v1.13.0
sqlc           github.com/sqlc-dev/sqlc/cmd/sqlc                       github.com/sqlc-dev/sqlc              v1.31.1
'

folder="${XDG_CACHE_HOME:-$HOME/.cache}/amrutam/bin"
mkdir -p "$folder"
exec 9>"$folder/.lock"
flock 9 # two runs at once must not build the same thing twice

known=" $(awk 'NF { printf "%s ", $1 }' <<<"$pins")"
for wanted in "$@"; do
	if [[ $known != *" $wanted "* ]]; then
		echo "tools.sh: $wanted is not one of:$known" >&2
		exit 2
	fi
done

while read -r name package module version; do
	[[ -n $name ]] || continue
	[[ $# -eq 0 || " $* " == *" $name "* ]] || continue
	# A Go binary says which version it was built from.
	if go version -m "$folder/$name" 2>/dev/null | awk -v m="$module" -v v="$version" \
		'$1 == "mod" && $2 == m && $3 == v { found = 1 } END { exit !found }'; then
		continue
	fi
	echo "building $name $version (once; it is kept in $folder)" >&2
	fresh="$(mktemp -d "$folder/.build.XXXXXX")"
	trap 'rm -rf "$fresh"' EXIT
	(cd "$fresh" && GOBIN="$fresh" GOFLAGS="" go install "$package@$version") >&2 9>&-
	mv -f "$fresh/$name" "$folder/$name"
	rm -rf "$fresh"
done <<<"$pins"

echo "$folder"
