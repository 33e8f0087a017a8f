"""TLS towards the sidecar in the generated configuration."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from sidecar.envoy_config import EnvoyOptions
from sidecar.envoy_config.matching import Reached, options_for
from sidecar.envoy_config.tls import CA, CERTIFICATE, SidecarTls, secrets
from sidecar.transport.tls import Tls
from support.trusts import trust

Read = Callable[[EnvoyOptions], dict[str, Any]]

_MUTUAL, _SERVER = Tls("/s/tls.pem", "/s/tls.key", "/s/ca.pem"), Tls("/s/tls.pem", "/s/tls.key")
_REACHED = Reached(sidecar_name="authz.example", secrets="/etc/envoy/authz")


def _options(served: Tls | None, reached: Reached, address: str = "127.0.0.1:9191") -> EnvoyOptions:
    return options_for(trust(), (address,), served, reached)


def _authz(document: dict[str, Any]) -> dict[str, Any]:
    return next(one for one in document["static_resources"]["clusters"] if one["name"] == "authz")


def _context(generated: Read, options: EnvoyOptions) -> dict[str, Any]:
    context: dict[str, Any] = _authz(generated(options))["transport_socket"]["typed_config"]
    assert context.pop("@type").endswith("UpstreamTlsContext")
    return context


def test_everything_is_verified(generated: Read) -> None:
    """TLS 1.3 and HTTP/2, the CA and the certificate from secrets, and one name alone."""
    document = generated(_options(_MUTUAL, _REACHED))
    assert document["node"] == {"id": "envoy", "cluster": "envoy"}
    context = _context(generated, _options(_MUTUAL, _REACHED))
    common = context["common_tls_context"]
    assert context["sni"] == "authz.example"
    assert common["alpn_protocols"] == ["h2"]
    assert set(common["tls_params"].values()) == {"TLSv1_3"}
    combined = common["combined_validation_context"]
    assert combined["default_validation_context"] == {
        "match_typed_subject_alt_names": [{"san_type": "DNS", "matcher": {"exact": "authz.example"}}]
    }
    own = common["tls_certificate_sds_secret_configs"]
    for secret, name in ((combined["validation_context_sds_secret_config"], CA), (own[0], CERTIFICATE)):
        assert secret["name"] == name
        assert secret["sds_config"]["path_config_source"]["path"] == f"/etc/envoy/authz/{name}.json"


def test_no_certificate_where_none_is_asked_for(generated: Read) -> None:
    """A sidecar without client_ca_file is verified all the same."""
    common = _context(generated, _options(_SERVER, _REACHED))["common_tls_context"]
    assert "tls_certificate_sds_secret_configs" not in common
    assert "combined_validation_context" in common


@pytest.mark.parametrize(
    ("name", "kind", "exact"),
    [
        ("10.0.0.7", "IP_ADDRESS", "10.0.0.7"),
        ("0:0::1", "IP_ADDRESS", "::1"),
        ("spiffe://example/ns/authz/sa/sidecar", "URI", "spiffe://example/ns/authz/sa/sidecar"),
    ],
)
def test_names_that_are_no_server_name(name: str, kind: str, exact: str, generated: Read) -> None:
    """Addresses and URIs are matched as what they are, and never sent as SNI."""
    context = _context(generated, _options(_MUTUAL, Reached(sidecar_name=name, secrets="/x")))
    assert "sni" not in context
    matched = context["common_tls_context"]["combined_validation_context"]["default_validation_context"]
    assert matched["match_typed_subject_alt_names"] == [{"san_type": kind, "matcher": {"exact": exact}}]


@pytest.mark.parametrize("name", ["", "*.example", "a b", "authz.example.", "-a", "a" * 64, "authz.example:1", "a..b"])
def test_what_is_no_name(name: str) -> None:
    """What could match more than one, or nothing, is refused."""
    with pytest.raises(ValueError, match="is no DNS name, IP address or URI"):
        SidecarTls(name, "/etc/envoy")


@pytest.mark.parametrize(
    "reached",
    [Reached(), Reached(sidecar_name="authz.example"), Reached(secrets="/x"), Reached(sidecar_address="10.0.0.7")],
)
def test_no_plaintext_to_a_sidecar_with_tls(reached: Reached) -> None:
    """Without all that is needed there is no configuration, rather than one that cannot work."""
    with pytest.raises(ValueError, match=r"has 'tls'.*--sidecar-name.*--secrets"):
        _options(_MUTUAL, reached)


@pytest.mark.parametrize(
    "reached",
    [_REACHED, Reached(sidecar_name="authz.example"), Reached(secrets="/x"), Reached(sidecar_address="10.0.0.7")],
)
def test_no_tls_to_a_plaintext_sidecar(reached: Reached) -> None:
    """Nor is there one with TLS, or to another machine, for a sidecar without."""
    with pytest.raises(ValueError, match="has no 'tls'"):
        _options(None, reached)


def test_plaintext_is_the_default(generated: Read) -> None:
    """On one machine nothing is encrypted, and Envoy needs no name."""
    document = generated(_options(None, Reached()))
    assert "transport_socket" not in _authz(document)
    assert "node" not in document


def test_another_address(generated: Read) -> None:
    """What the sidecar listens on may be nothing to connect to; a DNS name is looked up again and again."""
    for wildcard in ("0.0.0.0:9191", "[::]:9191"):
        with pytest.raises(ValueError, match=r"every address of a machine.*--sidecar-address"):
            _options(_MUTUAL, _REACHED, wildcard)
        for host, kind in (("10.0.0.7", "STATIC"), ("fd00::7", "STATIC"), ("authz.example", "STRICT_DNS")):
            reached = Reached(sidecar_name="authz.example", secrets="/x", sidecar_address=host)
            cluster = _authz(generated(_options(_MUTUAL, reached, wildcard)))
            assert cluster.get("type", "STATIC") == kind
            assert _endpoint(cluster) == {"address": host, "port_value": 9191}


def _endpoint(cluster: dict[str, Any]) -> dict[str, Any]:
    endpoints = cluster["load_assignment"]["endpoints"][0]["lb_endpoints"]
    return dict(endpoints[0]["endpoint"]["address"]["socket_address"])


def test_where_tls_does_not_belong() -> None:
    """A Unix socket has permissions; and without TLS there are no names, which could be anywhere."""
    with pytest.raises(ValueError, match="TLS is for IP:PORT"):
        EnvoyOptions(authz_tls=SidecarTls("authz.example", "/x"))
    with pytest.raises(ValueError, match="write unix:/path"):
        EnvoyOptions(authz_addresses=("authz.example:9191",))


@pytest.mark.parametrize("address", ["10.0.0.7:9191", "[2001:db8::7]:9191", "[::ffff:10.0.0.7]:9191", "192.0.2.1:1"])
def test_nothing_in_the_clear_beyond_this_machine(address: str) -> None:
    """Whoever sits on the network could let everybody in, so that there is no such configuration."""
    with pytest.raises(ValueError, match=r"^authz_addresses: .* beyond this machine.*authz_tls"):
        EnvoyOptions(authz_addresses=(address,))
    options = EnvoyOptions(authz_addresses=(address,), authz_tls=SidecarTls("authz.example", "/x"))
    assert options.authz_addresses == (address,)


@pytest.mark.parametrize("address", ["127.0.0.1:9191", "127.8.8.8:9191", "[::1]:9191", "unix:/x", "unix:@x"])
def test_in_the_clear_on_this_machine(address: str) -> None:
    """Nobody on the network answers there."""
    assert EnvoyOptions(authz_addresses=(address,)).authz_tls is None


def test_secrets_name_files_and_watch_their_folders() -> None:
    """Each secret has a file of its own, since Envoy takes one alone, and the folder of what it names is watched."""
    files = {name: json.loads(text) for name, text in secrets("/a/ca.pem", ("/b/tls.pem", "/b/tls.key"))}
    (ca,), (own,) = files[f"{CA}.json"]["resources"], files[f"{CERTIFICATE}.json"]["resources"]
    assert ca["name"] == CA
    assert ca["validationContext"] == {"trustedCa": {"filename": "/a/ca.pem"}, "watchedDirectory": {"path": "/a"}}
    assert own["tlsCertificate"] == {
        "certificateChain": {"filename": "/b/tls.pem"},
        "privateKey": {"filename": "/b/tls.key"},
        "watchedDirectory": {"path": "/b"},
    }
    assert [name for name, _ in secrets("/a/ca.pem", None)] == [f"{CA}.json"]


@pytest.mark.parametrize(
    ("ca", "pair", "message"),
    [
        ("ca.pem", None, "is relative"),
        ("/a/ca.pem", ("tls.pem", "/b/tls.key"), "is relative"),
        ("/a/ca.pem", ("/b/tls.pem", "tls.key"), "is relative"),
        ("/a/ca.pem", ("/b/tls.pem", "/c/tls.key"), "one folder for both"),
    ],
)
def test_secrets_that_would_not_do(ca: str, pair: tuple[str, str] | None, message: str) -> None:
    """What depends on where Envoy was started, or is not watched, is refused."""
    with pytest.raises(ValueError, match=message):
        list(secrets(ca, pair))
