#!/usr/bin/env bash
# Checks the types and the format of the web console's TypeScript, and of its journeys. With --write it formats them.
set -euo pipefail

root="$(cd "$(dirname "$0")/.." && pwd)"
modules="$("$root/scripts/npm.sh")/node_modules"
journeys="$root/tests/console/journeys"
cd "$root/internal/console/web"
"$modules/.bin/prettier" --log-level warn --config .prettierrc.json "${1:---check}" . "$journeys"
"$modules/.bin/tsc" -p tsconfig.json
# The packages are outside the clone, so where Playwright's types are is known only here.
options="$(mktemp --suffix=.json)"
trap 'rm -f "$options"' EXIT
cat >"$options" <<END
{
	"extends": "$PWD/tsconfig.json",
	"compilerOptions": {
		"paths": { "playwright-core": ["$modules/playwright-core/index.d.ts"] }
	},
	"include": ["$journeys/*.ts"]
}
END
"$modules/.bin/tsc" -p "$options"
echo "console: $(find . -path ./vendor -prune -o -name '*.ts*' -type f -print | wc -l) files"
