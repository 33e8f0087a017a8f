"""``policy lint``: what docs/policy-lint.md shows, and that what is found is so."""

import re
from pathlib import Path

import pytest

from sidecar.lint import Code, lint
from sidecar.lint.finding import Placed
from sidecar.loading.load import load_configuration
from sidecar.loading.trust import load_trust

_PAGE = (Path(__file__).parents[2] / "docs/policy-lint.md").read_text(encoding="utf-8")
_ISSUERS = "issuers: [{issuer: https://idp.example, audiences: [orders], keys: {url: https://idp.example/jwks}}]\n"
#: Code -> what it finds, and what to write instead.
EXAMPLES: dict[str, list[str]] = {
    part.partition("\n")[0]: re.findall(r"```yaml\n(.*?)```", part, re.DOTALL) for part in _PAGE.split("\n## ")[1:]
}


def found_in(folder: Path, text: str) -> list[Placed]:
    """Return what is found in a configuration."""
    config = folder / "authz.yaml"
    config.write_text(_ISSUERS + text, encoding="utf-8")
    configuration = load_configuration(config, {})
    return lint(configuration, load_trust(configuration).trust.policy)


def _codes(found: list[Placed]) -> set[Code]:
    return {one.finding.code for one in found}


def test_every_code_is_explained() -> None:
    """docs/policy-lint.md has a section for each code, in their order, with two examples."""
    assert list(EXAMPLES) == [code.value for code in Code]
    assert {len(examples) for examples in EXAMPLES.values()} == {2}


@pytest.mark.parametrize("code", Code)
def test_the_page_s_examples(tmp_path: Path, code: Code) -> None:
    """The first example of a code is found, and what to write instead is not."""
    wrong, right = EXAMPLES[code.value]
    assert code in _codes(found_in(tmp_path, wrong))
    assert code not in _codes(found_in(tmp_path, right))


@pytest.mark.parametrize("code", sorted(set(Code) - {Code.DENY_CLOSES_PUBLIC, Code.DENY_WITHOUT_IDENTITY}))
def test_what_to_write_instead_is_clean(tmp_path: Path, code: Code) -> None:
    """What the page says to write instead has no other finding."""
    assert found_in(tmp_path, EXAMPLES[code.value][1]) == []


def _rule(text: str, action: str = "allow", more: str = "") -> str:
    return f"policies:\n  - name: a\n    action: {action}\n    rules: [{text}]\n{more}"


@pytest.mark.parametrize(
    "text",
    [
        _rule('{to: [{operation: {paths: ["/admin*"]}}]}', "deny", "public: [{paths: [/a]}]\n"),
        _rule('{to: [{operation: {paths: ["/*"]}}]}'),
        _rule('{to: [{operation: {paths: ["*.pdf", "*/status"]}}]}'),
        _rule('{to: [{operation: {hosts: ["*.example.com", "[::1]"]}}]}'),
        _rule("{when: [{cel: \"request.path.matches('^/a/[0-9]+$')\"}]}"),
        _rule("{to: [{operation: {paths: [/a]}}]}, {to: [{operation: {paths: [/b]}}]}"),
        _rule('{to: [{operation: {paths: [/admin, "/admin/*"]}}]}'),
        # Of a list of groups each condition may meet another one.
        _rule('{when: [{key: "request.auth.claims[g]", values: [a]}, {key: "request.auth.claims[g]", values: [b]}]}'),
    ],
)
def test_what_is_well(tmp_path: Path, text: str) -> None:
    """What does what it seems to do is not found."""
    assert found_in(tmp_path, text) == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (_rule('{to: [{operation: {paths: ["*"]}}]}'), Code.ALLOW_ALL),
        (_rule('{to: [{operation: {hosts: ["*:443"], paths: [/a]}}]}'), Code.HOST_WITH_PORT),
        (_rule('{to: [{operation: {methods: [GET, "*"], paths: [/a]}}]}'), Code.REDUNDANT_VALUE),
        (_rule("{to: [{operation: {paths: [/a]}}]}, {to: [{operation: {paths: [/a]}}]}"), Code.SHADOWED_RULE),
        (
            _rule('{to: [{operation: {paths: ["/a/{**}"]}}]}, {to: [{operation: {paths: ["/a/b/*"]}}]}'),
            Code.SHADOWED_RULE,
        ),
        (
            _rule("{when: [{key: source.ip, values: [192.0.2.1]}, {key: source.ip, values: [192.0.2.2]}]}"),
            Code.CONTRADICTION,
        ),
        (
            _rule("{from: [{source: {ipBlocks: [10.0.0.0/8]}}]}, {from: [{source: {ipBlocks: [10.1.0.0/16]}}]}"),
            Code.SHADOWED_RULE,
        ),
        (_rule("{when: [{cel: \"request.headers['x-a'] == 'b'\"}]}"), Code.ALLOW_ON_HEADER),
        (
            _rule('{when: [{key: "request.auth.claims[g]", notValues: [a]}]}', "deny", "public: [{paths: [/a]}]\n"),
            Code.DENY_CLOSES_PUBLIC,
        ),
        (
            _rule('{to: [{operation: {notPaths: ["/admin*"]}}]}', "deny", "public: [{paths: [/a]}]\n"),
            Code.PREFIX_WITHOUT_SLASH,
        ),
    ],
)
def test_other_forms(tmp_path: Path, text: str, code: Code) -> None:
    """The same is found in other forms."""
    assert code in _codes(found_in(tmp_path, text))


@pytest.mark.parametrize(
    "wide",
    [
        '{name: w, action: allow, dry_run: true, rules: [{to: [{operation: {paths: ["/a/*"]}}]}]}',
        '{name: w, action: allow, scopes: [s], rules: [{to: [{operation: {paths: ["/a/*"]}}]}]}',
        '{name: w, action: allow, rules: [{to: [{operation: {paths: ["/a/*"], notPaths: [/a/b]}}]}]}',
        '{name: w, action: allow, rules: [{to: [{operation: {paths: ["/a/*"], methods: [GET]}}]}]}',
        "{name: w, action: allow, rules: [{to: [{operation: {paths: [/a/b]}}], from: [{source: {ipBlocks: [::1]}}]}]}",
        '{name: w, action: allow, rules: [{to: [{operation: {paths: [/a/b]}}], when: [{cel: "now > now"}]}]}',
    ],
)
def test_what_does_not_shadow(tmp_path: Path, wide: str) -> None:
    """An earlier policy that is not enforced, needs more, or takes something out, leaves the later one to decide."""
    narrow = "{name: n, action: allow, rules: [{to: [{operation: {paths: [/a/b]}}]}]}"
    assert found_in(tmp_path, f"policies:\n  - {wide}\n  - {narrow}\n") == []


_ALL = "policies:\n  - name: all\n    action: allow\n"


@pytest.mark.parametrize(
    ("rules", "accepted"),
    [
        ("    rules: [{}]  # lint: accept allow-all\n", True),
        ("    # lint: accept host-prefix, allow-all\n    rules: [{}]\n", True),
        ("    rules: [{}]  # lint: accept host-prefix\n", False),
        ("    scopes: []  # lint: accept allow-all\n    rules: [{}]\n", False),
        ("    # allow-all is meant\n    rules: [{}]\n", False),
    ],
)
def test_accepted(tmp_path: Path, rules: str, accepted: bool) -> None:  # noqa: FBT001 - a table's column
    """A comment on the line, or alone on the line before, accepts the codes that it names."""
    (found,) = found_in(tmp_path, _ALL + rules)
    assert (found.finding.code, found.accepted) == (Code.ALLOW_ALL, accepted)


def test_place_in_a_folder(tmp_path: Path) -> None:
    """What stands in a file of the policy folder is found there."""
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "a.yaml").write_text(_ALL + "    rules:\n      - {}\n", encoding="utf-8")
    (found,) = found_in(tmp_path, "policy_folder: policies\n")
    assert str(found).startswith(f"{tmp_path}/policies/a.yaml:5:9: policies[0].rules[0]: policy 'all', rule 1: ")
