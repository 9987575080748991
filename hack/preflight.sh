#!/usr/bin/env bash
# Says within a moment whether this machine can run the local platform, and how
# long the first build will take. Usage: preflight.sh FOLDER-OF-PROGRAMS
set -euo pipefail
bin=$1
fail() { printf '%s\n' "$1" >&2; exit 1; }

command -v go >/dev/null || fail "Go is not installed: install Go 1.26 or later."
version=$(go env GOVERSION); version=${version#go}
[ "$(printf '1.26\n%s\n' "$version" | sort -V | head -n1)" = 1.26 ] || fail "Go $version is too old: install Go 1.26 or later."
command -v cc >/dev/null || command -v gcc >/dev/null || fail "No C compiler: install gcc. The race detector of the tests needs one."
[ "$(go env GOOS)" = linux ] || fail "The local platform runs on Linux only; this is $(go env GOOS)."
case $(go env GOARCH) in amd64|arm64) ;; *) fail "The local platform runs on amd64 and arm64; this is $(go env GOARCH)." ;; esac

memory=$(awk '/MemAvailable/ {print int($2/1048576)}' /proc/meminfo)
[ "$memory" -ge 4 ] || fail "Only $memory GiB of memory are free: building the control plane needs 4."
disk=$(df -Pk . | awk 'NR==2 {print int($4/1048576)}')
[ "$disk" -ge 10 ] || fail "Only $disk GiB of disk are free here: the first build needs 10."

missing=()
for part in concordat-kube concordat-vaultd concordat-idp; do [ -x "$bin/$part" ] || missing+=("$part"); done
if [ "${#missing[@]}" -gt 0 ]; then
  cores=$(getconf _NPROCESSORS_ONLN)
  printf 'First build on %s cores, %s GiB free: %s. On two cores it takes 10 to 20 minutes; later ones take seconds.\n' "$cores" "$memory" "${missing[*]}" >&2
fi
