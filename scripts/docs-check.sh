#!/usr/bin/env bash
# Checks what deploy/ and .github/ hold with the programs that will read them. A program that is missing has its check
# left out, and that is said; where CI is set, root gets it installed, and without it the check fails.
# Usage: scripts/docs-check.sh [rules] [unit] [workflow] [image] [programs]   (all without arguments)
set -euo pipefail
cd "$(dirname "$0")/.."
PATH="$PATH:/usr/sbin:/sbin"
temporary="$(mktemp -d)"
trap 'rm -rf "$temporary"' EXIT

# have PROGRAM PACKAGE: the program is there, or Debian's package has just brought it.
have() {
	command -v "$1" >/dev/null && return
	if [[ -n ${CI:-} && $(id -u) = 0 ]] && command -v apt-get >/dev/null; then
		echo "docs-check.sh: installing Debian's package $2" >&2
		{
			apt-get update -q || true
			DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$2" || true
		} >&2 </dev/null
	fi
	command -v "$1" >/dev/null && return
	echo "docs-check.sh: $1 is missing (Debian: apt-get install $2), so its check is left out" >&2
	[[ -z ${CI:-} ]] || exit 1
	return 1
}

rules() {
	have promtool prometheus || return 0
	promtool check rules deploy/prometheus/alerts.yaml
	promtool check config deploy/prometheus/prometheus.yml
	(cd deploy/prometheus && promtool test rules alerts_test.yaml)
}

unit() {
	have systemd-analyze systemd || return 0
	sed "s,^ExecStart=/usr/local/bin/amrutam,ExecStart=/bin/true," deploy/systemd/amrutam.service \
		>"$temporary/amrutam.service"
	systemd-analyze verify "$temporary/amrutam.service"
	# 0 is closed, 100 is open; the network alone costs 5.
	systemd-analyze security --offline=true --threshold=20 "$temporary/amrutam.service" | tail -n 1
}

workflow() {
	"$(scripts/tools.sh actionlint)/actionlint" .github/workflows/*.yml
}

# The build stage's commands run here, because its base can't be fetched everywhere; buildah makes the final stage of
# what they made, and the program in it has to start without anything else.
image() {
	local root="$temporary/build" command image folder
	mkdir -p "$root/etc/ssl/certs" "$root/out"
	cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
	while IFS= read -r command; do
		VERSION=checked bash -euc "${command//\/out\//"$root/out/"}"
	done < <(sed -n '/ AS build$/,/^FROM scratch/s/^RUN //p' deploy/Dockerfile)
	if [[ $(id -u) != 0 ]]; then
		echo "docs-check.sh: not root, so the image is not made of what was built" >&2
		"$root/out/amrutam" version
		return
	fi
	have buildah buildah || return 0
	local storage=(buildah --storage-driver vfs --root "$temporary/storage" --runroot "$temporary/run")
	sed -n '/^FROM scratch/,$p' deploy/Dockerfile >"$temporary/Dockerfile"
	"${storage[@]}" build --quiet --isolation chroot --build-context "build=$root" -f "$temporary/Dockerfile" \
		-t amrutam "$root" >/dev/null
	image="$("${storage[@]}" from amrutam)"
	folder="$("${storage[@]}" mount "$image")"
	chroot --userspec=65532:65532 "$folder" /amrutam version
	local started='{{.OCIv1.Config.User}} {{.OCIv1.Config.Entrypoint}} {{.OCIv1.Config.Cmd}}'
	"${storage[@]}" inspect --type image --format "$started" amrutam | grep -xF '65532:65532 [/amrutam] [serve]'
	"${storage[@]}" umount "$image" >/dev/null
}

# What tests/docs puts before a server.
programs() {
	local pair
	for pair in nginx:nginx-light caddy:caddy curl:curl jq:jq openssl:openssl; do
		have "${pair%:*}" "${pair#*:}" || true
	done
}

[[ $# -gt 0 ]] || set -- rules unit workflow image programs
for check in "$@"; do
	"$check"
done
