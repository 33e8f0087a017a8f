#!/usr/bin/env bash
# Make a base image with Python where no registry of images is reachable: base_image.sh NAME [PLATFORM]
#
# Debian's own packages, from the mirror that this machine installs from (root, debootstrap, docker). PLATFORM is as Docker
# has it, linux/arm64; another one than the machine's takes an emulator (docs/image.md), and then some ten times as long.
set -euo pipefail
name="$1"
platform="${2:-linux/$(dpkg --print-architecture)}"
suite="$(. /etc/os-release && printf '%s' "$VERSION_CODENAME")"
mirror="$(apt-get indextargets --format '$(REPO_URI)' 'Codename: '"$suite" | head -n 1)"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
debootstrap --arch="${platform#linux/}" --variant=minbase --include=ca-certificates,python3,python3-venv "$suite" "$folder/root" \
  "$mirror" >"$folder/log" || { tail -n 20 "$folder/log" >&2; exit 1; }
# The machine's CAs as well: a mirror of its may be behind one of them.
cp /etc/ssl/certs/ca-certificates.crt "$folder/root/etc/ssl/certs/"
mkdir "$folder/context"
tar -C "$folder/root" --exclude='./var/cache/apt/*' --exclude='./var/lib/apt/lists/*' -cf "$folder/context/root.tar" .
# Built, and not imported: Docker 20 takes whatever is imported for the machine's own.
printf 'FROM scratch\nADD root.tar /\n' |
  "${DOCKER:-docker}" build --quiet --platform "$platform" --tag "$name" --file - "$folder/context" >/dev/null
