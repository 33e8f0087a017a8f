"""Only policy makes a permit: what this package's sixth rule says, read off the source."""

import ast
from pathlib import Path

import sidecar

_PACKAGE = Path(sidecar.__file__).parent


def _modules() -> dict[str, ast.Module]:
    return {
        path.relative_to(_PACKAGE).as_posix(): ast.parse(path.read_text("utf-8"))
        for path in sorted(_PACKAGE.rglob("*.py"))
    }


def _calls(tree: ast.AST, name: str) -> bool:
    functions = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return any(getattr(function, "id", getattr(function, "attr", None)) == name for function in functions)


def _makes_permits(tree: ast.AST) -> bool:
    return _calls(tree, "Permit")


def test_who_makes_a_permit() -> None:
    """``Permit(`` is called in ``policy.evaluate`` and nowhere else."""
    assert [name for name, tree in _modules().items() if _makes_permits(tree)] == ["core/policy/evaluate.py"]


def test_permit_has_no_other_name() -> None:
    """No module imports ``Permit`` under another name, or keeps it in a variable of another name."""
    for name, tree in _modules().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.alias):
                assert node.name != "Permit" or node.asname is None, name
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name):
                assert node.value.id != "Permit", name


def test_nobody_copies_a_decision() -> None:
    """No module of the core copies values with changes or makes them without their constructor."""
    for name, tree in _modules().items():
        if name.startswith(("core/", "engine/")):
            imported = {one.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for one in node.names}
            assert not {"replace", "copy", "deepcopy"} & imported, name
            assert not _calls(tree, "__new__"), name


def test_who_makes_an_allowing_response() -> None:
    """``response.allow`` is called where a ``Permit`` was told apart, in ``core.answer``, and nowhere else."""
    assert [name for name, tree in _modules().items() if _calls(tree, "allow")] == ["core/answer.py"]
