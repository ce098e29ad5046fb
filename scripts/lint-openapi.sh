#!/usr/bin/env bash
# Lints an OpenAPI document with Spectral and Redocly; a warning fails it. Rules: .spectral.yaml, redocly.yaml.
# Usage: scripts/lint-openapi.sh openapi.json
set -euo pipefail

root="$(cd "$(dirname "$0")/.." && pwd)"
document="$(realpath "${1:?which OpenAPI document}")"
bin="$("$root/scripts/npm.sh")/node_modules/.bin"

failed=0
"$bin/spectral" lint "$document" --ruleset "$root/.spectral.yaml" --fail-severity=warn || failed=1
# Redocly would report its use and ask for newer versions over the network.
REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true \
	"$bin/redocly" lint "$document" --config "$root/redocly.yaml" --max-problems=1000 || failed=1
exit "$failed"
