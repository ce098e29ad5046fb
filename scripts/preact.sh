#!/usr/bin/env bash
# Refreshes the Preact that the web console is built with, and its types, from the version that tools/npm pins.
set -euo pipefail

root="$(cd "$(dirname "$0")/.." && pwd)"
from="$("$root/scripts/npm.sh")/node_modules/preact"
to="$root/internal/console/web/vendor/preact"

rm -rf "$to"
for folder in . hooks jsx-runtime; do
	mkdir -p "$to/$folder/dist" "$to/$folder/src"
	install -m 644 "$from/$folder"/dist/*.mjs "$to/$folder/dist/"
	install -m 644 "$from/$folder"/src/*.d.ts "$to/$folder/src/"
done
install -m 644 "$from/LICENSE" "$to/"
sed -i '/^\/\/# sourceMappingURL=/d' "$to"/dist/*.mjs "$to"/*/dist/*.mjs
echo "preact $(sed -n 's/.*"version": "\(.*\)".*/\1/p' "$from/package.json")" | tee "$to/VERSION"
