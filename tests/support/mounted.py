"""A folder as kubelet mounts a ConfigMap: links to what is in force, all of which is exchanged by one rename."""

from collections.abc import Mapping
from pathlib import Path


def exchange(folder: Path, turn: int, files: Mapping[str, str]) -> None:
    """Put files into a mounted folder, in the place of those that are there; ``turn`` is another number each time."""
    content = folder / f"..{turn}"
    content.mkdir()
    for name, text in files.items():
        (content / name).write_text(text, encoding="utf-8")
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(f"..data/{name}")
    (folder / "..data_tmp").symlink_to(content.name)
    (folder / "..data_tmp").replace(folder / "..data")
