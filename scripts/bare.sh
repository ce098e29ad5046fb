#!/usr/bin/env bash
# Runs a command as a newcomer would: as an ordinary user with an empty home, in a copy of the working tree, where
# Go, make, git and npm are installed, but neither PostgreSQL nor anything of an earlier run. Needs root, to become
# that user. Debian's PostgreSQL is hidden by a mount; where root may not mount, PGBIN names the one from npm.
# Usage: scripts/bare.sh make test PACKAGES=./tests/journey
set -euo pipefail
cd "$(dirname "$0")/.."

if [[ $(id -u) != 0 ]]; then
	echo "bare.sh: needs root, to become an ordinary user" >&2
	exit 1
fi
newcomer="$(id -u nobody)" # initdb asks for one with a name
home="$(mktemp -d /var/tmp/amrutam-bare.XXXXXX)"
trap 'rm -rf "$home"' EXIT
mkdir "$home/clone" "$home/modules"
git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do
	[[ ! -e $file ]] || printf '%s\0' "$file"
done | tar --null --files-from=- --create | tar --extract --directory="$home/clone"

settings=(
	"HOME=$home" "LANG=C.UTF-8" "npm_config_registry=$(npm config get registry)"
	"PATH=$(dirname "$(command -v go)"):$(dirname "$(command -v npm)"):/usr/bin:/bin"
	# What was downloaded already is read from there; go.sum vouches for it all the same.
	"GOPROXY=file://$home/modules,$(go env GOPROXY)" "GOSUMDB=$(go env GOSUMDB)" "GONOSUMDB=$(go env GONOSUMDB)"
	"GOFLAGS=$(go env GOFLAGS) -modcacherw"
)
# What reaches the registries from here: the caller's proxies and certificates.
for name in HTTP_PROXY HTTPS_PROXY NO_PROXY http_proxy https_proxy no_proxy SSL_CERT_FILE SSL_CERT_DIR NODE_EXTRA_CA_CERTS; do
	[[ -z ${!name:-} ]] || settings+=("$name=${!name}")
done
certificates="$(npm config get cafile)"
if [[ -f $certificates ]]; then
	install -m 644 "$certificates" "$home/certificates.pem"
	settings+=("npm_config_cafile=$home/certificates.pem")
fi
chown -R "$newcomer:$newcomer" "$home"
become=(setpriv "--reuid=$newcomer" "--regid=$newcomer" --clear-groups --no-new-privs -- env -i "${settings[@]}")

if unshare --mount true 2>/dev/null; then
	modules="$(go env GOMODCACHE)/cache/download"
	mkdir -p "$modules"
	# shellcheck disable=SC2016 # the inner shell fills these in
	unshare --mount --propagation private bash -euo pipefail -c '
		home=$1 modules=$2
		shift 2
		[[ ! -d /usr/lib/postgresql ]] || mount -t tmpfs -o mode=755 none /usr/lib/postgresql
		mount --bind "$modules" "$home/modules"
		cd "$home/clone"
		exec "$@"
	' bare "$home" "$modules" "${become[@]}" "$@" </dev/null
else
	cd "$home/clone"
	programs="$("${become[@]}" scripts/postgres.sh --npm </dev/null)"
	"${become[@]}" "PGBIN=$programs" "$@" </dev/null
fi
