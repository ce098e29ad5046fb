#!/usr/bin/env bash
# Checks the types and the format of the web console's TypeScript. With --write it formats it.
set -euo pipefail

root="$(cd "$(dirname "$0")/.." && pwd)"
bin="$("$root/scripts/npm.sh")/node_modules/.bin"
cd "$root/internal/console/web"
"$bin/prettier" --log-level warn "${1:---check}" .
"$bin/tsc" -p tsconfig.json
echo "console: $(find . -path ./vendor -prune -o -name '*.ts*' -type f -print | wc -l) files"
