#!/usr/bin/env bash
# Say whether two images have the same files: same_files.sh IMAGE IMAGE
#
# Names, contents, modes, owners and times of what the image adds to its base.
set -euo pipefail

files() {
  local box
  box="$("${DOCKER:-docker}" create "$1")"
  "${DOCKER:-docker}" export "$box" | tar --extract --to-stdout --file - --wildcards 'opt/authz/*' | sha256sum
  "${DOCKER:-docker}" export "$box" | tar --list --verbose --full-time --file - --wildcards 'opt/authz/*'
  "${DOCKER:-docker}" rm "$box" >/dev/null
}
diff <(files "$1") <(files "$2") && echo "the same files"
