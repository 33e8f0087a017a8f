#!/usr/bin/env bash
# Writes the lock of one version of Kubernetes, v1.37 from `lock.sh v1.37.2 kubelet kube-controller-manager kube-scheduler kubectl`:
# go.mod and go.sum of a module that has nothing of its own, and of which kube-apiserver, the etcd that Kubernetes tests itself with, and
# the programs of Kubernetes that are named can be built. Needs Go and its module proxy.
set -euo pipefail
version=${1:?which version? as in: lock.sh v1.37.2 kubelet}
shift
minor=${version%.*}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mkdir -p "$here/$minor"
cd "$here/$minor"
rm -f go.mod go.sum
export GOFLAGS=-mod=mod

go mod init authz.test/kube
# Raised to what its modules want, and not what is here.
go mod edit -go=1.24.0
kubernetes=$(go mod download -json "k8s.io/kubernetes@$version" | python3 -c 'import json, sys; print(json.load(sys.stdin)["GoMod"])')
# Kubernetes replaces its staging modules by folders of its own repository, which no module of the proxy has. They are published as
# well: those of v1.37.2 as v0.37.2.
mapfile -t staging < <(go mod edit -json "$kubernetes" | python3 -c '
import json, sys
print(*(one["Old"]["Path"] for one in json.load(sys.stdin)["Replace"] if one["New"]["Path"].startswith("./staging/")), sep="\n")')
etcd=$(go mod edit -json "$kubernetes" | python3 -c '
import json, sys
print(next(one["Version"] for one in json.load(sys.stdin)["Require"] if one["Path"] == "go.etcd.io/etcd/client/v3"))')
replaces=()
for module in "${staging[@]}"; do replaces+=("-replace=$module=$module@v0.${version#v1.}"); done
go mod edit "-require=k8s.io/kubernetes@$version" "${replaces[@]}"
# Both are main packages of other modules: as tools of this one they can be built here, and stand in go.sum with all that they need.
for program in kube-apiserver "$@"; do go get -tool "k8s.io/kubernetes/cmd/$program@$version"; done
go get -tool "go.etcd.io/etcd/server/v3@$etcd"
