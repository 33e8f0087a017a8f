"""Configurations that may name no file but their own."""

import os
from pathlib import Path

import pytest
from pydantic import BaseModel

from sidecar.loading.confined import names_a_file
from sidecar.loading.load import load_configuration
from sidecar.loading.problem import ConfigurationError
from sidecar.loading.variables import CONFINED_TO
from sidecar.settings import Settings

_TEXT = """\
issuers: [{{issuer: "https://idp.example", audiences: [a], keys: {{file: "{file}"}}}}]
policy_folder: policies
policies: [{{name: all, action: allow, rules: [{{}}]}}]
"""


@pytest.fixture
def tenant(tmp_path: Path) -> Path:
    """Return a tenant's folder as a mounted ConfigMap has it, beside another one's."""
    data = tmp_path / "mine" / "..2026"
    (data / "policies").mkdir(parents=True)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "jwks.json").write_text("{}", encoding="utf-8")
    (data / "policies" / "a.yaml").write_text("public: [{paths: [/a]}]\n", encoding="utf-8")
    (tmp_path / "mine" / "..data").symlink_to("..2026")
    for name in ("authz.yaml", "jwks.json", "policies"):
        (tmp_path / "mine" / name).symlink_to(f"..data/{name}")
    (data / "jwks.json").write_text("{}", encoding="utf-8")
    (data / "authz.yaml").write_text(_TEXT.format(file="jwks.json"), encoding="utf-8")
    return tmp_path / "mine"


def _load(tenant: Path, *allowed: Path) -> Settings:
    environment = {CONFINED_TO: os.pathsep.join(map(str, allowed or (tenant,)))}
    return load_configuration(tenant / "authz.yaml", environment).settings


def _problems(tenant: Path) -> list[str]:
    with pytest.raises(ConfigurationError, match="leads out of the tenant's folder") as refused:
        _load(tenant)
    return [problem.field for problem in refused.value.problems]


def test_links_within(tenant: Path) -> None:
    """Kubernetes' links are no way out; and without the variable nobody asks."""
    assert _load(tenant).issuers
    (tenant / "..2026" / "authz.yaml").write_text(_TEXT.format(file="../other/jwks.json"), encoding="utf-8")
    assert load_configuration(tenant / "authz.yaml", {}).settings.issuers


@pytest.mark.parametrize(
    "file", ["../other/jwks.json", "{root}/other/jwks.json", "/etc/passwd", "policies/../../../other/x"]
)
def test_names_that_lead_out(tenant: Path, file: str) -> None:
    """By dots or from the root, to a file that is there or not."""
    text = _TEXT.format(file=file.replace("{root}", str(tenant.parent)))
    (tenant / "..2026" / "authz.yaml").write_text(text, encoding="utf-8")
    assert _problems(tenant) == ["issuers[0].keys.file"]
    assert _load(tenant, tenant, tenant.parent, Path("/etc")).issuers


def test_links_that_lead_out(tenant: Path) -> None:
    """A file that is a link to another tenant's, one in a folder that is looked into, and the configuration itself."""
    data = tenant / "..2026"
    (data / "jwks.json").unlink()
    (data / "jwks.json").symlink_to(tenant.parent / "other" / "jwks.json")
    assert _problems(tenant) == ["issuers[0].keys.file"]
    (data / "policies" / "b.yaml").symlink_to(data / "policies" / "a.yaml")
    assert _problems(tenant) == ["issuers[0].keys.file"]
    (data / "policies" / "b.yaml").unlink()
    (tenant.parent / "other" / "c.yaml").write_text("public: [{paths: [/c]}]\n", encoding="utf-8")
    (data / "policies" / "c.yaml").symlink_to(tenant.parent / "other" / "c.yaml")
    assert _problems(tenant) == ["issuers[0].keys.file", "policy_folder"]
    moved = tenant.parent / "other" / "authz.yaml"
    (data / "authz.yaml").rename(moved)
    (data / "authz.yaml").symlink_to(moved)
    assert _problems(tenant)[0] == ""


def _models(model: type[BaseModel]) -> list[type[BaseModel]]:
    found = [model]
    for field in model.model_fields.values():
        for one in _classes(field.annotation):
            found += _models(one)
    return found


def _classes(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [one for inner in getattr(annotation, "__args__", ()) for one in _classes(inner)]


def test_every_file_has_such_a_name() -> None:
    """A field that says it is a file or folder is known for one by its name, or nobody would look where it leads."""
    for model in _models(Settings):
        for name, field in model.model_fields.items():
            text = (field.description or "").lower()
            if "relative path is relative" in text or "in pem," in text or "relative to the configuration" in text:
                assert names_a_file(model.model_construct(), name) or not _is_text(field.annotation), (model, name)


def _is_text(annotation: object) -> bool:
    return annotation is str or any(map(_is_text, getattr(annotation, "__args__", ())))
