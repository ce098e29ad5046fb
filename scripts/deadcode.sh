#!/usr/bin/env bash
# Fails on functions, generated ones too, that no program reaches, and on functions for tests that no test reaches.
set -euo pipefail
cd "$(dirname "$0")/.."

# Functions that may stay unreachable, as deadcode names them, each with its reason.
allowed=(
	Fingerprint    # internal/postgres: testdb's
	Cluster.BinDir # internal/postgres/cluster: ./bench runs pgbench from there
	All            # internal/problem: a test walks the catalogue
)

deadcode="$(scripts/tools.sh deadcode)/deadcode"
programs="$("$deadcode" -generated ./...)"
tests="$("$deadcode" -generated -test ./...)"
found="$({ grep -vE '^(internal/(apptest|testdb)|tests)/' <<<"$programs"; echo "$tests"; } | sort -u)"
for name in "${allowed[@]}"; do
	found="$(grep -v "unreachable func: $name\$" <<<"$found" || true)"
done
found="$(grep . <<<"$found" || true)"
if [[ -n $found ]]; then
	echo "$found"
	echo "deadcode.sh: delete these functions; what only tests call belongs into a _test.go file, testdb or apptest" >&2
	exit 1
fi
