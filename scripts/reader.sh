#!/usr/bin/env bash
# Refreshes the API reader embedded by internal/httpapi/reader from the swagger-ui-dist version that tools/npm pins.
set -euo pipefail

root="$(cd "$(dirname "$0")/.." && pwd)"
from="$("$root/scripts/npm.sh")/node_modules/swagger-ui-dist"
to="$root/internal/httpapi/reader/dist"

mkdir -p "$to"
for file in swagger-ui-bundle.js swagger-ui.css; do
	gzip -9 --no-name --stdout "$from/$file" >"$to/$file.gz" # --no-name: the same bytes at every run
done
install -m 644 "$from/LICENSE" "$from/NOTICE" "$from/swagger-ui-bundle.js.LICENSE.txt" "$to/"
echo "reader: swagger-ui-dist $(sed -n 's/.*"version": "\(.*\)".*/\1/p' "$from/package.json")"
