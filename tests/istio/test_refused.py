"""What is refused, with its place and what to do instead: one DENY that is not understood keeps all of it out."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from istio.documents import ISTIO, authentication, policy, problems

_POLICY = """\
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: a, namespace: shop}
spec:
  action: DENY
  rules:
  - from: [{source: {ipBlocks: [10.0.0.0/8]}}]
    to:
    - operation: {paths: [/admin]}
    when: [{key: "request.headers[x-a]", values: [b]}]
"""
_RULE = """\
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: a, namespace: shop}
spec:
  jwtRules:
  - issuer: https://idp.example
    jwks: 'JWKS'
"""
_DOCUMENTS = {"policy": _POLICY, "rules": _RULE}
_CASES = YAML(typ="safe", pure=True).load(Path(__file__).with_name("refused.yaml"))


@pytest.mark.parametrize("case", _CASES, ids=lambda case: case["after"].strip() or "nothing")
def test_with_line_column_and_field(folder: Path, case: Mapping[str, Any]) -> None:
    """Each fault is told with the line, the column and the field of Istio's document, and all of it is refused."""
    document = _DOCUMENTS[case["of"]]
    assert case["before"] in document
    wrong = document.replace(case["before"], case["after"], 1)
    found = problems(folder, {"a.yaml": wrong, "good.yaml": [policy("good", {"rules": [{}]})]})
    assert found == [f"istio/a.yaml:{one}" for one in case["problems"]]


@pytest.mark.parametrize("document", _DOCUMENTS.values(), ids=list(_DOCUMENTS))
def test_without_a_fault(folder: Path, document: str) -> None:
    """What the faults are put into is right."""
    assert problems(folder, {"a.yaml": document}) == []


_INLINE = {"issuer": "https://idp.example", "jwks": "JWKS"}
_OTHER = {"issuer": "https://other.example", "jwks": "JWKS"}
_ELSEWHERE = "write it in response.identity_headers.claims of the configuration, where it holds for all"


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        (
            _INLINE | {"audiences": ["a"]},
            "issuer: 'https://idp.example' has a rule already that says something else; write one",
        ),
        (
            _OTHER | {"forwardOriginalToken": True},
            "forwardOriginalToken: is not the same in all rules: the upstream gets all tokens or none",
        ),
        (
            _OTHER | {"outputClaimToHeaders": [{"header": "x-a", "claim": "a"}]},
            f"outputClaimToHeaders: is not the same in all rules; {_ELSEWHERE}",
        ),
    ],
)
def test_rules_that_disagree(folder: Path, rule: dict[str, object], problem: str) -> None:
    """Of two documents none goes before the other."""
    files = {"a.yaml": [authentication("a", _INLINE)], "b.yaml": [authentication("b", rule)]}
    (found,) = problems(folder, files)
    assert found.startswith("istio/b.yaml:1:")
    assert found.endswith(f": spec.jwtRules[0].{problem}")


def test_headers_beside_issuers_of_the_configuration(folder: Path) -> None:
    """A header that is for one issuer's claims does not come to hold those of another."""
    rule = _INLINE | {"outputClaimToHeaders": [{"header": "x-a", "claim": "a"}]}
    mine = {"issuer": "https://mine.example", "audiences": ["a"], "keys": {"file": "jwks.json"}}
    (found,) = problems(folder, {"a.yaml": [authentication("a", rule)]}, issuers=[mine])
    assert found.endswith(f"would hold for the issuers of the configuration too; {_ELSEWHERE}")


@pytest.mark.parametrize(
    "document",
    [policy("a", {"rules": [{}], "selector": {"matchLabels": {"app": "order"}}}), policy("a", {}, namespace="shpo")],
)
def test_nothing_for_the_workload(folder: Path, document: dict[str, object]) -> None:
    """A slip in a label or a namespace does not open everything."""
    files = {"a.yaml": [document]}
    (found,) = problems(folder, files)
    assert found == (
        "authz.yaml:1:2: istio: none of 1 documents is for this workload (namespace shop, labels app=orders), and "
        "everything would pass; correct 'namespace' and 'labels', or write 'default: deny'"
    )
    assert problems(folder, files, ISTIO | {"default": "deny"}) == []


@pytest.mark.parametrize(
    "text",
    ["", "---\n---\n# nothing\n", "- a\n", "a\n", "a: 1\na: 2\n", "{{ helm }}\n", "policies: []\n", "\t"],
)
def test_no_documents(folder: Path, text: str) -> None:
    """What is no document is refused, or there is nothing for the workload."""
    assert problems(folder, {"a.yaml": text})


@pytest.mark.parametrize("text", ["", "---\n# later\n"])
def test_a_file_that_is_about_to_be_written(folder: Path, text: str) -> None:
    """What was in it is not gone because the file is empty at the moment."""
    good = [policy("good", {"rules": [{}]})]
    assert problems(folder, {"a.yaml": good, "b.yaml": text}) == [
        "istio/b.yaml:1:1: has no document; take the file out of the folder"
    ]


@pytest.mark.parametrize("name", ["b.YAML", "b.Yml", "b.json"])
def test_an_ending_in_capitals(folder: Path, name: str) -> None:
    """A policy does not vanish by it."""
    good = [policy("good", {"rules": [{}]})]
    assert problems(folder, {"a.yaml": good, name: "- x\n"})


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ({"policies": {}}, "policies"),
        ({"issuers": 5}, "issuers"),
        ({"response": []}, "response"),
        ({"response": {"identity_headers": {"claims": 1}}}, "response.identity_headers.claims"),
        ({"istio": "shop"}, "istio"),
        ({"istio": ISTIO | {"labels": ["app"]}}, "istio.labels"),
        ({"istio": ISTIO | {"namespace": "Shop"}}, "istio.namespace"),
        ({"istio": ISTIO | {"default": "allow"}}, "istio.default"),
    ],
)
def test_a_configuration_that_is_wrong_beside_them(folder: Path, more: dict[str, Any], place: str) -> None:
    """Its fault is told, and nothing comes of the documents."""
    files = {"a.yaml": [policy("a", {"action": "DENY", "rules": [{}]}), authentication("b", _INLINE)]}
    (found,) = problems(folder, files, more.pop("istio", ISTIO), **more)
    assert found.startswith("authz.yaml:1:")
    assert f": {place}: found " in found


def test_every_document_counts(folder: Path) -> None:
    """The last of several in a file, and each of a list, and what is wrong in all of them is told at once."""
    wrong = policy("wrong", {"action": "DENY", "rules": [{"to": [{"operation": {"paths": ["x"]}}]}]})
    twice = policy("good", {"rules": [{}]})
    files = {
        "a.yaml": [policy("good", {"rules": [{}]}), wrong],
        "b.yaml": [{"apiVersion": "v1", "kind": "List", "items": [twice]}],
    }
    (found,) = problems(folder, files)
    assert found.startswith("istio/b.yaml:1:")
    assert found.endswith("metadata.name: AuthorizationPolicy good.shop is there already")
    files["b.yaml"] = [{"apiVersion": "v1", "kind": "List", "items": [policy("listed", {"action": "DENIED"})]}]
    assert any("found 'DENIED'" in one for one in problems(folder, files))
    files["b.yaml"] = [policy("listed", {"action": "AUDIT"})]
    (found,) = problems(folder, files)
    assert "istio/a.yaml:3:" in found
    assert "spec.rules[0].to[0].operation.paths[0]: 'x' matches no path" in found


def test_a_folder_that_is_not_there(folder: Path) -> None:
    """As with a folder that was not mounted."""
    assert problems(folder, {}, ISTIO | {"folder": "nowhere"}) == ["nowhere: cannot be read: No such file or directory"]
    (found,) = problems(folder, {})
    assert found == "istio: has no file that ends in .yaml, .yml, .json"
