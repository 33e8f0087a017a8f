"""A case of the corpus, as it stands in its file."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.nodes import ScalarNode, SequenceNode

from corpus.keys import certificate, public_jwk
from corpus.recipe import Recipe
from corpus.setups import Setup, setup
from support.requests import check_request
from support.tokens import part

FOLDER = Path(__file__).parent / "tokens"


@dataclass(frozen=True)
class Case:
    """One attempt. ``control`` is the recipe of a token that passes; without one it is the set-up's good token."""

    name: str
    source: tuple[str, ...]
    tries: str
    setup_name: str
    recipe: Recipe
    expect: str
    detail: str
    control: Recipe
    request: Mapping[str, str] = field(default_factory=dict)

    @property
    def setup(self) -> Setup:
        """Return the set-up it meets."""
        return setup(self.setup_name)

    def raw(self) -> bytes:
        """Return the CheckRequest."""
        token = self.recipe.token(self.setup)
        sent = self.request.get("authorization", "Bearer @token@").replace("@token@", token)
        if "@good@" in sent:
            sent = sent.replace("@good@", Recipe().token(self.setup))
        path = self.request.get("path", "/orders").replace("@token@", token)
        return check_request(path=path, headers={} if sent == "@nothing@" else {"authorization": sent})


_FIELDS = {"source", "tries", "setup", "token", "control", "request", "expect", "detail"}
_REQUEST = {"authorization", "path"}


def load(path: Path) -> Case:
    """Read a case; raises ``ValueError`` for a field that is none."""
    found = _yaml().load(path.read_text(encoding="utf-8"))
    unknown = (found.keys() - _FIELDS) | (found.get("request", {}).keys() - _REQUEST)
    if unknown:
        raise ValueError(f"{path.name}: no field: {', '.join(unknown)}")
    return Case(
        name=path.stem,
        source=tuple(found["source"]),
        tries=found["tries"],
        setup_name=found["setup"],
        recipe=_recipe(path, found.get("token", {})),
        expect=found["expect"],
        detail=found.get("detail", ""),
        control=_recipe(path, found.get("control", {})),
        request=found.get("request", {}),
    )


def load_all() -> list[Case]:
    """Read all of them."""
    return [load(path) for path in sorted(FOLDER.glob("*.yaml"))]


def _recipe(path: Path, found: dict[str, Any]) -> Recipe:
    unknown = found.keys() - {one.name for one in fields(Recipe)}
    if unknown:
        raise ValueError(f"{path.name}: no field of a token: {', '.join(unknown)}")
    return Recipe(**found | {"without": tuple(found.get("without", ()))})


class _Constructor(SafeConstructor):
    """Safe YAML, and five values of our own."""


def _repeat(constructor: _Constructor, node: SequenceNode) -> str:
    text, times = constructor.construct_sequence(node)
    return str(text) * int(times)


def _words(constructor: _Constructor, node: SequenceNode) -> list[str]:
    text, times = constructor.construct_sequence(node)
    return [str(text)] * int(times)


def _jwk(constructor: _Constructor, node: ScalarNode) -> dict[str, Any]:
    return public_jwk(constructor.construct_scalar(node))


def _certificate(constructor: _Constructor, node: ScalarNode) -> str:
    return part(certificate(constructor.construct_scalar(node)).public_bytes(Encoding.DER)).decode()


def _thumbprint(constructor: _Constructor, node: ScalarNode) -> str:
    return part(certificate(constructor.construct_scalar(node)).fingerprint(SHA256())).decode()


for _tag, _construct in {
    "repeat": _repeat,
    "words": _words,
    "jwk": _jwk,
    "certificate": _certificate,
    "thumbprint": _thumbprint,
}.items():
    _Constructor.add_constructor(f"!{_tag}", _construct)


@cache
def _yaml() -> YAML:
    yaml = YAML(typ="safe", pure=True)
    yaml.Constructor = _Constructor
    return yaml
