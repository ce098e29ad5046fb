#!/usr/bin/env bash
# Runs `go test` with the given arguments beside one throwaway PostgreSQL for all packages. gotestsum closes the output
# with the number of tests and the time; where it can't be installed, go test's own lines do. With -v it prints what
# the tests print.
set -euo pipefail

format=pkgname race="" all=""
for argument in "$@"; do
	case "$argument" in
	-race | --race | -race=true) race=yes ;;
	-v | --v | -v=true | -test.v) format=standard-verbose ;;
	./...) all=yes ;;
	esac
done
if [[ -n $race ]] && ! command -v "$(go env CC)" >/dev/null; then
	echo "gotest.sh: -race needs a C compiler, install gcc (Debian: apt-get install gcc libc6-dev), or leave RACE=-race" \
		"out" >&2
	exit 1
fi
if [[ -n $all ]]; then
	echo "gotest.sh: all tests take about 10 minutes on two cores, with -race about 20" >&2
fi
if tools="$(scripts/tools.sh gotestsum)"; then
	runner=("$tools/gotestsum" "--format=$format" --format-hide-empty-pkg --)
else
	echo "gotest.sh: gotestsum can't be installed; running go test itself" >&2
	runner=(go test)
fi
# Tests wait for mails and jobs most of their time, so five of a package run at once, whatever the cores are.
# Without debugging information (-w) a test binary is linked in a third of the time. Collecting garbage less often saves
# half of the linker's time and a tenth of the tests'; with -race it would take too much memory.
[[ -n $race ]] || export GOGC="${GOGC:-400}"
go run ./internal/testdb/with -- "${runner[@]}" -ldflags=-w -parallel 5 "$@"
