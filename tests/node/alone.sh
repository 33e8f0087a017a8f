#!/usr/bin/env bash
# Runs a command as root in namespaces of its own, of processes, mounts and network: alone.sh COMMAND…
#
# Whatever a node begins or mounts there ends with the command, also when that fails or is interrupted. Control groups and files do not,
# so they are taken away here: all of a node's groups are below one, whose name the command has in AUTHZ_NODE_GROUP, and all files in
# TMPDIR.
set -euo pipefail
((EUID == 0)) || { echo "a node takes root: it makes namespaces, mounts and control groups" >&2; exit 1; }
export AUTHZ_NODE_GROUP=authz-node-$$

groups() { find /sys/fs/cgroup -depth -type d -path "*/$AUTHZ_NODE_GROUP*" "$@"; }
# Of one that was itself killed; the kernel keeps those that have processes.
find /sys/fs/cgroup -depth -type d -path '*/authz-node-*' -exec rmdir {} + 2>/dev/null || true
clean() {
  # Where it is alive all the same: unshare blocks what it can block while it waits.
  if [[ -n ${running:-} ]]; then kill -KILL "$running" 2>/dev/null && wait "$running" 2>/dev/null || true; fi
  # All others are killed when it is gone, which takes them a moment; until then the kernel keeps their groups.
  for ((tries = 0; tries < 100; tries++)); do
    groups -exec rmdir {} + 2>/dev/null || true
    [[ -n "$(groups -print -quit 2>/dev/null)" ]] || break
    sleep 0.1
  done
  ((tries < 100)) || echo "left behind: $(groups -print -quit)" >&2
  rm -rf --one-file-system "$TMPDIR"
  if [[ -n ${networks:-} ]]; then rmdir /var/lib/cni; fi
}
TMPDIR=$(mktemp -d --tmpdir authz-node-XXXXXX)
export TMPDIR
trap clean EXIT
trap 'exit 130' INT TERM HUP

[[ -d /var/lib/cni ]] || { mkdir /var/lib/cni && networks=made; }
# Version 2 has one hierarchy, version 1 one for each controller.
if [[ -e /sys/fs/cgroup/cgroup.controllers ]]; then
  mkdir "/sys/fs/cgroup/$AUTHZ_NODE_GROUP"
else
  for controller in /sys/fs/cgroup/*/; do mkdir "$controller$AUTHZ_NODE_GROUP"; done
fi

# Its first process is this shell, which buries what nobody waits for; when unshare ends, by whatever, it is killed, and all with it.
# shellcheck disable=SC2016 # it is that shell's
setpriv --pdeathsig KILL unshare --mount --propagation private --net --pid --fork --kill-child --mount-proc bash -c '
  set -e
  mount --make-rshared /
  # What containerd, the network and kubelet write to wherever they are told to be.
  for folder in /run /var/log /var/lib/cni; do mount -t tmpfs tmpfs "$folder"; done
  ip link set lo up
  # The address of the node, which must not be one of loopback; it leads nowhere.
  ip link add node type bridge
  ip address add 192.0.2.1/24 dev node
  ip link set node up
  set +e
  "$@"
  exit $?
' alone "$@" <&0 &
running=$!
wait "$running" && code=0 || code=$?
running=
exit "$code"
