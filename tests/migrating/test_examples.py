"""The examples of the migration pages: what they come to here, and that both sides decide alike on the same requests.

Before is OPA itself where ``AUTHZ_OPA`` names its program, and Istio's documents as they are, read by this sidecar. Of
Authorino there is no program here: its AuthConfig is held against its own schema, and read by people.
"""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from sidecar.cli.policy import policy
from sidecar.core.strict_json import Json
from sidecar.keys.signing import SigningKey, generate, key_set_document
from sidecar.loading.load import load_configuration
from sidecar.loading.trust import load_trust
from sidecar.tokens.mint import mint
from support.crds import documents, looked_at
from support.manifests import read

_PAGES = Path(__file__).resolve().parents[2] / "docs" / "migrating"
_EXAMPLES = _PAGES / "examples"
_DIFFERS = {"opa": 2, "istio": 2, "authorino": 2}
#: Of Kubernetes' own library, which Google's does not have.
_NOT_EVALUATED = {'url(self).getScheme() in ["http", "https"]'}


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    """Return the configuration that all examples come to, with a key set beside it."""
    (tmp_path / "jwks.json").write_text(key_set_document([generate()]), encoding="utf-8")
    return Path(shutil.copy(_EXAMPLES / "authz.yaml", tmp_path / "authz.yaml"))


@pytest.fixture
def istio_s(tmp_path: Path) -> Path:
    """Return a configuration of Istio's documents alone; its keys, which would be fetched, are none that are needed."""
    (tmp_path / "documents").mkdir()
    shutil.copy(_EXAMPLES / "istio/istio.yaml", tmp_path / "documents/istio.yaml")
    return Path(shutil.copy(_EXAMPLES / "istio/authz.yaml", tmp_path / "istio-authz.yaml"))


def _as_expected(config: Path, cases: Path, *options: str) -> None:
    done = CliRunner().invoke(policy, ["test", "--config", str(config), *options, str(cases)])
    assert done.exit_code == 0, done.output
    assert "0 not as expected" in done.output


def test_after(ours: Path) -> None:
    """The configuration decides as the table of requests says, and each of its rules is reached."""
    _as_expected(ours, _EXAMPLES / "requests.yaml", "--require-coverage")
    assert load_trust(load_configuration(ours, {})).trust.issuers


def test_istio_s_documents_decide_alike(istio_s: Path) -> None:
    """They need not be translated: on the same requests they say the same."""
    _as_expected(istio_s, _EXAMPLES / "requests.yaml")


@pytest.mark.parametrize("name", ["opa", "authorino", "istio"])
def test_what_differs(name: str, ours: Path) -> None:
    """Requests that were let in before, and are not here."""
    cases = _EXAMPLES / name / "differs.yaml"
    assert len(read(cases)[0]["cases"]) == _DIFFERS[name]
    _as_expected(ours, cases)


@pytest.mark.parametrize("document", [pytest.param(one, id=one["kind"]) for _, one in documents(_EXAMPLES)])
def test_before_is_valid(document: Mapping[str, Any]) -> None:
    """What the examples start from is valid for its project."""
    verdict = looked_at(document)
    assert verdict.problems == []
    assert verdict.not_evaluated <= _NOT_EVALUATED


def test_pages_show_the_examples() -> None:
    """Each page leads to its example, to what it comes to, and to the requests."""
    for name in ("opa", "authorino", "istio"):
        page = (_PAGES / f"{name}.md").read_text(encoding="utf-8")
        for file in ("authz.yaml", "requests.yaml", name, f"{name}/differs.yaml"):
            assert f"](examples/{file})" in page


@pytest.mark.parametrize(("file", "as_there"), [("requests.yaml", True), ("opa/differs.yaml", False)])
def test_opa_decided_alike(file: str, *, as_there: bool, tmp_path: Path) -> None:
    """OPA with policy.rego says the same of each request, and of those that differ the opposite."""
    program = os.environ.get("AUTHZ_OPA")
    if program is None:
        pytest.skip("no OPA; AUTHZ_OPA names one (go install github.com/open-policy-agent/opa@v1.19.1)")
    key = generate()
    (tmp_path / "data.json").write_text(json.dumps({"jwks": key_set_document([key])}), encoding="utf-8")
    for case in read(_EXAMPLES / file)[0]["cases"]:
        (tmp_path / "input.json").write_text(json.dumps(_input(case, key)), encoding="utf-8")
        sources = ["-d", str(_EXAMPLES / "opa/policy.rego"), "-d", str(tmp_path / "data.json")]
        command = [
            program,
            "eval",
            "-f",
            "raw",
            *sources,
            "-i",
            str(tmp_path / "input.json"),
            "data.envoy.authz.result",
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - ours
        assert done.returncode == 0, done.stderr + done.stdout
        result = json.loads(done.stdout)
        expected = case["expect"]
        assert result["allowed"] is ((expected["decision"] == "allow") is as_there), case["name"]
        if as_there and "status" in expected:
            assert result["http_status"] == expected["status"], case["name"]
        if as_there and "headers" in expected:
            assert result["headers"] == expected["headers"]


def _input(case: Mapping[str, Any], key: SigningKey) -> Mapping[str, Any]:
    """Return a request as Envoy tells OPA's plugin of it, with a token that is good now."""
    now = int(time.time())
    claims: dict[str, Json] = {"iss": "https://idp.example.com", "aud": "orders", "iat": now, "exp": now + 600}
    token = mint(key, {**claims, **case["token"]}) if "token" in case else None
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    http = {"method": case["request"]["method"], "path": case["request"]["path"], "headers": headers}
    return {"attributes": {"request": {"http": http}}}
