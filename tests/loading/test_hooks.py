"""Hooks of a configuration: found by another process, and part of the Trust."""

import sys
from pathlib import Path

import pytest

from sidecar.bundle.message import read_unverified, sign
from sidecar.core.strict_json import Json
from sidecar.keys.signing import generate
from sidecar.loading.bundled import require_fit
from sidecar.loading.load import load_configuration
from sidecar.loading.problem import ConfigurationError
from sidecar.loading.snapshot import decode, take_snapshot
from sidecar.loading.trust import Loaded, load_trust
from support.bundles import content

_CONFIGURATION = """\
issuers: [{{issuer: "https://idp.example", audiences: [orders], keys: {{file: jwks.json}}}}]
hook_folder: rules
hooks:
  - rules_of_loading:one
  - {{call: "rules_of_loading:two", may_allow: true, on: [{{paths: ["/tea*"], ports: ["80"]}}]}}
{more}
"""
_RULES = """\
from sidecar.hooks import hook
@hook(sets_headers=["{header}"], reads_headers=["x-mode"])
def one(request, identity): ...
@hook(anonymous=True, sets_headers=["{other}"])
async def two(request, identity): ...
"""


def _config(folder: Path, header: str = "x-tenant", other: str = "x-plan", more: str = "") -> Path:
    (folder / "rules").mkdir(exist_ok=True)
    rules = _RULES.format(header=header, other=other)
    (folder / "rules/rules_of_loading.py").write_text(rules, encoding="utf-8")
    config = folder / "authz.yaml"
    config.write_text(_CONFIGURATION.format(more=more), encoding="utf-8")
    return config


def _load(folder: Path, header: str = "x-tenant", other: str = "x-plan", *, more: str = "") -> Loaded:
    return load_trust(load_configuration(_config(folder, header, other, more), {}))


def test_in_the_trust(folder: Path) -> None:
    """What a hook declares is known to all who decide: what it reads and sets, where it is asked, what it may."""
    trust = _load(folder).trust
    one, two = trust.hooks
    assert (one.name, one.may_allow, one.anonymous, one.asked_at) == ("rules_of_loading:one", False, False, ())
    assert (two.may_allow, two.anonymous, len(two.asked_at)) == (True, True, 1)
    assert "x-mode" in trust.headers_read
    assert {"x-tenant", "x-plan"} <= set(trust.response.stripped_headers)
    assert {"x-tenant", "x-plan"} <= trust.response.guarded_headers
    # A hook that denies by X-Mode has not seen X_Mode, which some upstreams take for it.
    assert "x-mode" in trust.response.guarded_headers
    assert trust.reads_ports
    assert "rules_of_loading" not in sys.modules


def test_snapshot(folder: Path) -> None:
    """All processes make the same Trust of a snapshot, without importing anything, whatever became of the file."""
    snapshot, loaded = take_snapshot(load_configuration(_config(folder), {}))
    (folder / "rules/rules_of_loading.py").unlink()
    assert decode(snapshot.encode()).compile().trust.digest == loaded.trust.digest


def test_other_code_is_another_trust(folder: Path) -> None:
    """A change of the module's file is another digest."""
    assert _load(folder).trust.digest == _load(folder).trust.digest
    assert _load(folder).trust.digest != _load(folder, "x-other").trust.digest


@pytest.mark.parametrize(
    ("headers", "more", "why"),
    [
        (("authorization",), "", "hooks[0].call: sets 'authorization', which means something by itself"),
        (("x-forwarded-for",), "", "means something by itself"),
        (("x-envoy-original-path",), "", "means something by itself"),
        (("content-length",), "", "means something by itself"),
        (("x_tenant",), "", "sets 'x_tenant'; write letters, digits and '-' alone"),
        (("x.tenant",), "", "sets 'x.tenant'; write letters, digits and '-' alone"),
        (("x~tenant",), "", "sets 'x~tenant'; write letters, digits and '-' alone"),
        (("x-auth-subject",), "", "sets 'x-auth-subject', which is an identity header; choose another name"),
        (("x-auth-subject",), "response: {identity_headers: {subject: x-user}}", "an identity header's usual name"),
        (("x-roles",), "response: {identity_headers: {claims: {roles: x-roles}}}", "which is an identity header"),
        (("x-tenant", "x-tenant"), "", "hooks[1].call: sets 'x-tenant', which is set by rules_of_loading:one, too"),
    ],
)
def test_headers_that_are_taken(folder: Path, headers: tuple[str, ...], more: str, why: str) -> None:
    """A hook sets no header that somebody else sets, or that means something by itself."""
    with pytest.raises(ConfigurationError) as refused:
        _load(folder, *(*headers, "x-plan")[:2], more=more)
    assert why in str(refused.value)


_POLICY = "policies: [{{name: a, action: allow, rules: [{{}}], allowed: {{upstream: {}}}}}]"


@pytest.mark.parametrize(
    ("upstream", "field"),
    [
        ("{set: {x-other: a, x-tenant: b}}", "set.x-tenant"),
        ("{append: {x-tenant: b}}", "append.x-tenant"),
        ("{remove: [x-tenant]}", "remove[0]"),
    ],
)
def test_headers_of_a_policy(folder: Path, upstream: str, field: str) -> None:
    """What a hook sets no policy changes: told at the policy, with the hook's name and place, and what to write."""
    with pytest.raises(ConfigurationError) as refused:
        _load(folder, more=_POLICY.format(upstream))
    (line,) = str(refused.value).splitlines()
    assert line.startswith(f"{folder / 'authz.yaml'}:6:")
    assert line.endswith(
        f": policies[0].allowed.upstream.{field}: 'x-tenant' is set by the hook rules_of_loading:one (hooks[0]), and "
        "by one of both alone; call it otherwise here, or leave it out of 'sets_headers' there"
    )


def test_headers_of_a_bundle_s_policy(folder: Path) -> None:
    """So it is told of a bundle, before that is taken for one that fits."""
    loaded = _load(folder)
    policy: Json = {"name": "a", "action": "allow", "rules": [{}], "allowed": {"upstream": {"set": {"x-plan": "b"}}}}
    bundle = read_unverified(sign(content(7, {"policies": [policy]}), generate("signer")))
    values = load_configuration(folder / "authz.yaml", {}).document.values
    require_fit(values, bundle)
    with pytest.raises(ConfigurationError) as refused:
        require_fit(values, bundle, loaded.trust.hooks)
    assert str(refused.value).startswith(
        "policy bundle orders, version 7:1:1: policies[0].allowed.upstream.set.x-plan: 'x-plan' is set by the hook "
        "rules_of_loading:two (hooks[1])"
    )


def test_name_of_a_hook_alone(folder: Path) -> None:
    """A text is a hook with nothing but its name, as is an object with that alone."""
    config = _config(folder)
    texts = config.read_text(encoding="utf-8")
    before = load_trust(load_configuration(config, {})).trust.digest
    config.write_text(texts.replace("- rules_of_loading:one", '- {call: "rules_of_loading:one"}'), encoding="utf-8")
    assert load_trust(load_configuration(config, {})).trust.digest == before
