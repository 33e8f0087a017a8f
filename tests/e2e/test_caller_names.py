"""Two real Envoys with certificates of one CA, of which one may ask: the other lets nobody in, however it is set."""

from dataclasses import replace
from pathlib import Path

from sidecar.demo.client import Answer, Call, send
from sidecar.demo.envoy import Envoy, find_envoy, start_envoy
from sidecar.demo.workspace import CONFIGURATION
from sidecar.envoy_config.matching import Reached
from support.secured import MODES, NAME, Certificates, certified
from support.stacks import running_stack

_TLS = """\
tls:
  certificate_file: {0}/sidecar/tls.pem
  key_file: {0}/sidecar/tls.key
  client_ca_file: {0}/sidecar/ca.pem
  client_names: ["spiffe://cluster.local/ns/shop/*"]
"""


def _ask(envoy: Envoy, token: str) -> Answer:
    return send(envoy.port, Call("GET", "/orders/1", [("authorization", f"Bearer {token}")]))


def test_another_workload_s_envoy(tmp_path: Path) -> None:
    """It gets a denial, which holds under failure_mode_allow as well, where an error of gRPC's would let in."""
    certificates, authority = certified(tmp_path)
    certificates.show("envoy", authority.sign("orders", identifiers=["spiffe://cluster.local/ns/shop/sa/orders"]))
    (tmp_path / "other").mkdir()
    others = Certificates(tmp_path / "other")
    others.trust("envoy", authority)
    others.show("envoy", authority.sign("till", identifiers=["spiffe://cluster.local/ns/pay/sa/till"]))
    others.write_secrets()
    text = CONFIGURATION.replace("{listen}", "127.0.0.1:0") + _TLS.format(tmp_path)
    reached = Reached(sidecar_name=NAME, secrets=str(tmp_path / "secrets"))
    with running_stack(text, MODES["single"], reached=reached, failure_mode_allow=True) as stack:
        token = stack.workspace.token()
        assert _ask(stack.envoy, token).status == 200
        options = stack._options()
        assert options.authz_tls is not None
        options = replace(options, authz_tls=replace(options.authz_tls, secrets=str(others.folder / "secrets")))
        another = start_envoy(find_envoy(), options, others.folder)
        with another.process:
            refused = _ask(another, token)
            assert (refused.status, refused.reason) == (503, "caller_not_allowed")
            assert refused.upstream_headers is None
        assert _ask(stack.envoy, token).status == 200
