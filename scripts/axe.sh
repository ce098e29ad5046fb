#!/usr/bin/env bash
# Refreshes axe, which the tests of the console judge its pages with, from the version that tools/npm pins.
set -euo pipefail

root="$(cd "$(dirname "$0")/.." && pwd)"
from="$("$root/scripts/npm.sh")/node_modules/axe-core"
to="$root/tests/console/testdata"

mkdir -p "$to"
gzip -9 --no-name --stdout "$from/axe.min.js" >"$to/axe.min.js.gz" # --no-name: the same bytes at every run
install -m 644 "$from/LICENSE" "$to/axe.LICENSE"
echo "axe-core $(sed -n 's/.*"version": "\(.*\)".*/\1/p' "$from/package.json" | head -1)"
