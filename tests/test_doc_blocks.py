"""What the pages show is right: configurations load, and commands are understood by the program itself."""

import copy
import os
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any

import click
import pytest
from ruamel.yaml import YAML

from sidecar.cli.main import cli
from sidecar.loading.load import load_configuration
from sidecar.settings import Settings
from sidecar.settings.issuer import IssuerSettings
from support.pages import ROOT, Block, blocks, commands
from support.shown_table import OTHER_YAML

_BLOCKS = list(blocks())
_BASE: Mapping[str, Any] = {
    "issuers": [{"issuer": "https://idp.example", "audiences": ["orders"], "keys": {"file": "jwks.json"}}],
    "admin": {"listen": "unix:/run/authz/admin.sock"},
    "policies": [{"name": "write-orders", "action": "allow", "rules": [{"to": [{"operation": {"methods": ["PUT"]}}]}]}],
}


def _configurations() -> list[Block]:
    found = [block for block in _BLOCKS if block.language == "yaml" and block.page.name != "policy-lint.md"]
    return [block for block in found if (values := _read(block.text)) and not OTHER_YAML.keys() & values.keys()]


def _read(text: str) -> Any:  # noqa: ANN401 - any YAML
    return YAML(typ="safe").load(StringIO(text))


def _whole(shown: dict[str, Any]) -> Mapping[str, Any]:
    """Return a configuration of which ``shown`` is a part: its fields, or those of an issuer."""
    whole = copy.deepcopy(dict(_BASE))
    if shown.keys() <= IssuerSettings.model_fields.keys() - Settings.model_fields.keys():
        whole["issuers"][0] |= shown
        return whole
    asked = {"introspection", "token_review", "istio"}
    for issuer in shown.get("issuers", ()):
        for name, value in _BASE["issuers"][0].items():
            if name != "keys" or not asked & issuer.keys():
                issuer.setdefault(name, value)
    if "istio" in shown:
        del whole["issuers"], whole["policies"]
    return whole | shown


@pytest.mark.parametrize("block", _configurations(), ids=lambda block: block.name)
def test_configurations_are_valid(block: Block, tmp_path: Path) -> None:
    """As they stand, or put into the smallest configuration that they fit into."""
    folder = tmp_path / "istio"
    folder.mkdir()
    (folder / "one.yaml").write_text(
        "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: one, namespace: shop}\n"
        "spec: {rules: [{}]}\n",
        encoding="utf-8",
    )
    shown = _read(block.text.replace("/etc/authz/istio", str(folder)))
    file = tmp_path / "authz.yaml"
    with file.open("w", encoding="utf-8") as written:
        YAML(typ="safe").dump(_whole(shown), written)
    load_configuration(file, {})


_COMMANDS = [
    (block, words)
    for block in _BLOCKS
    if block.language not in {"yaml", "json", "python", "text", "cel", "promql"}
    for words in commands(block)
]


def test_there_are_commands() -> None:
    """They are found, and so the next test is about something."""
    assert len(_COMMANDS) > 40
    assert {words[0] for _, words in _COMMANDS} > {"serve", "check-config", "policy", "token", "keys", "top", "revoke"}


_IDS = [f"{block.page.relative_to(ROOT)}: {' '.join(words)}" for block, words in _COMMANDS]


@pytest.mark.parametrize(("block", "words"), _COMMANDS, ids=_IDS)
def test_commands_are_understood(block: Block, words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Each names a command that there is, with options and values that it takes."""
    monkeypatch.setattr(os, "environ", {})
    context: click.Context | None = None
    command: click.Command = cli
    left = list(words)
    while isinstance(command, click.Group):
        context = click.Context(command, info_name=command.name, parent=context)
        below = command.get_command(context, left.pop(0)) if left else None
        assert below is not None, f"{block.page}: {words}"
        command = below
    with click.Context(command, info_name=command.name, parent=context) as own:
        given, rest, _ = command.make_parser(own).parse_args(left)
        assert rest == []
        for parameter in command.params:
            value = given.get(parameter.name or "")
            assert not parameter.required or value is not None or parameter.envvar, f"{parameter.name} is needed"
            if isinstance(parameter.type, click.Choice) and value is not None:
                parameter.type_cast_value(own, value)
