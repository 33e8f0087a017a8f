#!/usr/bin/env bash
# Make a base image with Python where no registry of images is reachable: base_image.sh NAME
#
# Debian's own packages, from the mirror that this machine installs from (root, debootstrap, docker).
set -euo pipefail
name="$1"
suite="$(. /etc/os-release && printf '%s' "$VERSION_CODENAME")"
mirror="$(apt-get indextargets --format '$(REPO_URI)' 'Codename: '"$suite" | head -n 1)"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
debootstrap --variant=minbase --include=ca-certificates,python3,python3-venv "$suite" "$folder/root" "$mirror" >"$folder/log" ||
  { tail -n 20 "$folder/log" >&2; exit 1; }
# The machine's CAs as well: a mirror of its may be behind one of them.
cp /etc/ssl/certs/ca-certificates.crt "$folder/root/etc/ssl/certs/"
tar -C "$folder/root" --exclude='./var/cache/apt/*' --exclude='./var/lib/apt/lists/*' -c . | "${DOCKER:-docker}" import - "$name" >/dev/null
