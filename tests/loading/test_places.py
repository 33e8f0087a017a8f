"""Where policies are written: in the configuration, its folder, Istio's documents, and bundles."""

from pathlib import Path

from sidecar.bundle.message import read_unverified, sign
from sidecar.keys.signing import generate
from sidecar.loading.load import load_configuration
from sidecar.loading.places import Written, places_in, places_of
from support.bundles import allow, content

_CONFIGURATION = """\
issuers: [{issuer: "https://idp.example", audiences: [orders], keys: {file: jwks.json}}]
policy_folder: more
istio: {folder: istio, namespace: shop, default: deny}
policies:
  - name: two-rules
    action: allow
    rules:
      - to: [{operation: {paths: [/a]}}]
      - to: [{operation: {paths: [/b]}}]
  - {name: one-line, action: allow, rules: [{}]}
"""
_FOLDER = """\
# Of another team.
policies:
  - {name: theirs, action: deny, rules: [{to: [{operation: {paths: [/c]}}]}]}
"""
_ISTIO = """\
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: shut, namespace: shop}
spec:
  action: DENY
  rules:
  - to: [{operation: {paths: [/d]}}]
"""


def test_files(folder: Path) -> None:
    """Each policy and rule is found in its own file, by line and column."""
    (folder / "more").mkdir()
    (folder / "istio").mkdir()
    (folder / "more/a.yaml").write_text(_FOLDER, encoding="utf-8")
    (folder / "istio/b.yaml").write_text(_ISTIO, encoding="utf-8")
    config = folder / "authz.yaml"
    config.write_text(_CONFIGURATION, encoding="utf-8")
    configuration = load_configuration(config, {})
    found = {name: _relative(one, folder) for name, one in places_of(configuration.document).items()}
    assert list(found) == [policy.name for policy in configuration.settings.policies]
    assert found["two-rules"] == Written("authz.yaml:5:5", ("authz.yaml:8:9", "authz.yaml:9:9"))
    assert found["one-line"] == Written("authz.yaml:10:5", ("authz.yaml:10:45",))
    assert found["theirs"] == Written("more/a.yaml:3:5", ("more/a.yaml:3:42",))
    (shut,) = (one for name, one in found.items() if "shut" in name)
    assert (shut.policy.split(":")[0], shut.rules) == ("istio/b.yaml", ("istio/b.yaml:7:5",))


def _relative(one: Written, folder: Path) -> Written:
    return Written(one.policy.removeprefix(f"{folder}/"), tuple(rule.removeprefix(f"{folder}/") for rule in one.rules))


def test_bundle() -> None:
    """Of a bundle it is told which one, and which version."""
    bundle = read_unverified(sign(content(7, allow("/a", name="theirs")), generate("signer")))
    title = "policy bundle orders, version 7"
    assert places_in(bundle) == {"theirs": Written(title, (title,))}
