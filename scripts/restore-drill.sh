#!/usr/bin/env bash
# Restore drill: fills a private PostgreSQL, backs it up, writes a mark each second, kills the server, deletes the data
# folder, restores, and prints how much was lost (RPO) and how long it took until a server served again (RTO). Fails if
# that is more than 1 minute and 15 minutes. Needs psql and, for the fill and its copies, four times its size on the disk.
# Usage: scripts/restore-drill.sh [MB to fill, 100] [seconds of marks, 65] [folder to work in, /var/tmp]
set -euo pipefail
cd "$(dirname "$0")/.."

megabytes="${1:-100}"
seconds="${2:-65}"
dir="$(mktemp -d "${3:-/var/tmp}/amrutam-drill.XXXXXX")"
server=""
cleanup() {
	[[ -z $server ]] || kill "$server" 2>/dev/null || true
	[[ -z $server ]] || wait "$server" 2>/dev/null || true
	rm -rf "$dir"
}
trap cleanup EXIT
program="${AMRUTAM_TEST_PROGRAM:-$dir/amrutam}"
[[ -x $program ]] || { go run ./scripts/bundle && go build -o "$program" ./cmd/amrutam; }
mkdir "$dir/backups"
export AMRUTAM_DATA_DIR="$dir/data" AMRUTAM_BACKUP_DIR="$dir/backups" AMRUTAM_LISTEN=127.0.0.1:0
export AMRUTAM_METRICS_LISTEN=off AMRUTAM_LOG_FORMAT=json

# Starts a server and waits until it listens.
serve() {
	: >"$dir/server.log"
	"$program" serve >"$dir/server.log" 2>&1 &
	server=$!
	until grep -q '"msg":"listening"' "$dir/server.log"; do
		if ! kill -0 "$server" 2>/dev/null; then
			cat "$dir/server.log" >&2
			exit 1
		fi
		sleep 0.1
	done
}

# Runs psql in the database of the running server.
sql() {
	psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 \
		--host="$(sed -n 5p "$dir/data/postgres/postmaster.pid")" --username=postgres amrutam "$@"
}

now() { date +%s.%N; }
since() { awk -v from="$1" -v to="${2:-$(now)}" 'BEGIN { printf "%.1f", to - from }'; }

serve
sql -c 'CREATE TABLE drill_fill (text text); ALTER TABLE drill_fill ALTER text SET STORAGE EXTERNAL' \
	-c 'CREATE TABLE drill_marks (at timestamptz NOT NULL)' -c 'INSERT INTO drill_marks VALUES (clock_timestamp())'
began="$(now)"
# head ends first, so base64 gets a closed pipe only if psql fails.
head -c $((megabytes * 750000)) /dev/urandom | base64 -w 8000 | sql -c '\copy drill_fill FROM STDIN'
echo "filled     $(sql -c 'SELECT pg_size_pretty(sum(pg_database_size(oid))) FROM pg_database') in $(since "$began") s"
began="$(now)"
"$program" backup 2>/dev/null >"$dir/backup.out"
echo "backed up  in $(since "$began") s: $(du -sh "$dir/backups" | cut -f 1) in the folder of the backups"
for ((i = 0; i < seconds; i++)); do
	sql -c 'INSERT INTO drill_marks VALUES (clock_timestamp())'
	sleep 1
done

cp "$dir/data/master.key" "$dir/master.key"
killed="$(now)"
kill -9 "$server"
wait "$server" 2>/dev/null || true
server=""
# The PostgreSQL of a server that was killed stops by itself, and makes a last file or two meanwhile.
until rm -rf "$dir/data" 2>/dev/null && [[ ! -e $dir/data ]]; do sleep 0.1; done
echo "killed     the server, and deleted its data folder"

began="$(now)"
mkdir "$dir/data"
install -m 600 "$dir/master.key" "$dir/data/master.key"
"$program" restore 2>/dev/null
serve
rto="$(since "$began")"
rpo="$(since "$(sql -c 'SELECT extract(epoch FROM max(at)) FROM drill_marks')" "$killed")"
rows="$(sql -c 'SELECT count(*) FROM drill_fill')"
"$program" restore-mode >"$dir/mode.out"
if ((rows * 8000 < megabytes * 1000000)) || ! grep -q 'restore mode is on' "$dir/mode.out"; then
	echo "restore-drill.sh: the restored copy is not complete, or not in restore mode" >&2
	exit 1
fi
echo "RPO        $rpo s of changes lost (at most 60)"
echo "RTO        $rto s until a server served again (at most 900)"
awk -v rpo="$rpo" -v rto="$rto" 'BEGIN { exit rpo > 60 || rto > 900 }'
