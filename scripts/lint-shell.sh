#!/usr/bin/env bash
# Lints the shell scripts with shellcheck, Debian's package, which root gets installed when it is missing. Elsewhere the scripts are
# left unchecked and that is said, unless CI is set.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v shellcheck >/dev/null && [[ $(id -u) = 0 ]] && command -v apt-get >/dev/null; then
	echo "lint-shell.sh: installing Debian's package shellcheck" >&2
	{
		apt-get update -q || true
		DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends shellcheck || true
	} >&2 </dev/null
fi
if ! command -v shellcheck >/dev/null; then
	echo "lint-shell.sh: shellcheck is missing (Debian: apt-get install shellcheck), so the scripts are not checked" >&2
	[[ -z ${CI:-} ]]
	exit
fi
shellcheck --enable=require-double-brackets,check-unassigned-uppercase,deprecate-which scripts/*.sh .ci/run
