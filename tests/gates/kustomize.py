"""Build every kustomization of k8s/ with kustomize; fail where one does not build, or lacks what it is to have.

    python tests/gates/kustomize.py KUSTOMIZE

KUSTOMIZE is the binary, which ``make kustomize`` installs. A component is built as users build it: by a kustomization
that takes it in, and puts it into a namespace.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2] / "k8s"
NAMESPACE = "somewhere"
_SECONDS = 60
_TAKES_IN = (
    "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nnamespace: {namespace}\ncomponents: [{of}]\n"
)

Object = dict[str, Any]


class BuildError(Exception):
    """Kustomize refused, or had something to say. The text is what it printed."""


def kustomizations(root: Path) -> list[Path]:
    """Return the folders with a kustomization."""
    return sorted(file.parent for file in root.rglob("kustomization.yaml"))


def build(binary: Path, root: Path, folder: Path) -> list[Object]:
    """Return the objects of a kustomization in ``folder``, which is below ``root``; raises ``BuildError``."""
    with tempfile.TemporaryDirectory(prefix="kustomize-") as name:
        # Kustomize takes nothing from beside the folder that it is given but by a relative path.
        shutil.copytree(root, Path(name) / "k8s")
        built = Path(name) / "k8s" / folder.relative_to(root)
        if YAML(typ="safe").load(built / "kustomization.yaml").get("kind") == "Component":
            taking = Path(name) / "taking"
            taking.mkdir()
            text = _TAKES_IN.format(namespace=NAMESPACE, of=f"../k8s/{folder.relative_to(root)}")
            (taking / "kustomization.yaml").write_text(text, encoding="utf-8")
            built = taking
        command = [str(binary), "build", str(built)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)  # noqa: S603 - as told
    if done.returncode or done.stderr:
        raise BuildError(done.stderr.strip() or f"exit code {done.returncode}")
    return [dict(found) for found in YAML(typ="safe").load_all(done.stdout)]


def problems(objects: list[Object], folder: Path) -> Iterator[str]:
    """Yield what is wrong with what was built of the kustomization in ``folder``."""
    names = Counter((one["kind"], one["metadata"].get("namespace"), one["metadata"]["name"]) for one in objects)
    if not objects:
        yield "builds nothing"
    yield from (f"is there twice: {name}" for name, count in names.items() if count > 1)
    yield from (f"{one['kind']} without apiVersion" for one in objects if not one.get("apiVersion"))
    written = YAML(typ="safe").load(folder / "kustomization.yaml")
    built = {one["metadata"]["name"]: one for one in objects if one["kind"] == "ConfigMap"}
    for generated in written.get("configMapGenerator", ()):
        data = built.get(generated["name"], {}).get("data", {})
        for file in map(Path, generated["files"]):
            if data.get(file.name) != (folder / file).read_text(encoding="utf-8"):
                yield f"ConfigMap {generated['name']} has not {file} as it is"
    for resource in written.get("resources", ()):
        for one in YAML(typ="safe").load_all(folder / resource) if (folder / resource).is_file() else ():
            named = one["kind"], one["metadata"]["name"]
            if named not in {(kind, name) for kind, _, name in names}:
                yield f"lacks {one['kind']} {one['metadata']['name']} of {resource}"
    if written.get("kind") == "Component":
        yield from (f"not in the namespace: {name}" for name in names if name[1] != NAMESPACE)


def main() -> int:
    """Build all, say what is wrong, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", type=Path)
    binary, folders = parser.parse_args().binary.resolve(), kustomizations(ROOT)
    wrong = [] if folders else ["no kustomization was found"]
    for folder in folders:
        try:
            objects = build(binary, ROOT, folder)
        except BuildError as error:
            wrong.append(f"{folder}: {error}")
            continue
        wrong += [f"{folder}: {problem}" for problem in problems(objects, folder)]
        sys.stdout.write(f"kustomize: {folder.relative_to(ROOT.parent)}: {len(objects)} objects\n")
    sys.stderr.writelines(f"{line}\n" for line in wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
