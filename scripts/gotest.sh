#!/usr/bin/env bash
# Runs `go test` with the given arguments beside one throwaway PostgreSQL for all packages. gotestsum closes the output with the
# number of tests; where it can't be installed, go test's own lines do.
set -euo pipefail

for argument in "$@"; do
	if [[ $argument = -race || $argument = --race || $argument = -race=true ]] && ! command -v "$(go env CC)" >/dev/null; then
		echo "gotest.sh: -race needs a C compiler, install gcc (Debian: apt-get install gcc libc6-dev), or leave RACE=-race out" >&2
		exit 1
	fi
done
if tools="$(scripts/tools.sh gotestsum)"; then
	runner=("$tools/gotestsum" --format=pkgname --format-hide-empty-pkg --)
else
	echo "gotest.sh: gotestsum can't be installed; running go test itself" >&2
	runner=(go test)
fi
# Tests wait for mails and jobs most of their time, so five of a package run at once, whatever the cores are.
go run ./internal/testdb/with -- "${runner[@]}" -parallel 5 "$@"
