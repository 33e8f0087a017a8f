"""Who may ask over TLS: names in certificates that were verified."""

import ssl
import string
from pathlib import Path

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.check import Checker
from sidecar.engine.engine import Engine, Services
from sidecar.transport.address import TcpAddress
from sidecar.transport.caller_name import parse_name
from sidecar.transport.callers import Callers
from sidecar.transport.grpcio_server import GrpcioServer
from sidecar.transport.tls import Tls
from sidecar.verify.inline import verify_inline
from support.answers import Answer, read_answer
from support.certificates import Authority, Files
from support.fronts import CHECK, run
from support.requests import with_token
from support.tokens import NOW, mint
from support.trusts import trust

_ORDERS = "spiffe://cluster.local/ns/shop/sa/orders"
_CALLERS = ("spiffe://cluster.local/ns/shop/*", "spiffe://other.test/ns/pay/sa/till", "edge.example")


def _admits(authority: Authority, names: tuple[str, ...] = _CALLERS, **signed: list[str]) -> bool:
    pem = Path(authority.sign("caller", **signed).certificate).read_bytes()  # type: ignore[arg-type]
    return Callers(names, lambda: 0.0).admit({"x509_pem_cert": [pem]})


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Return whoever signs for everybody here."""
    return Authority(tmp_path_factory.mktemp("ca"), "ca")


@pytest.mark.parametrize(
    ("identifiers", "hosts", "admitted"),
    [
        ([_ORDERS], [], True),
        (["spiffe://cluster.local/ns/shop/sa/orders/deeper"], [], True),
        (["spiffe://other.test/ns/pay/sa/till"], [], True),
        ([], ["edge.example"], True),
        ([], ["EDGE.example"], True),
        (["spiffe://cluster.local/ns/pay/sa/orders"], ["edge.example"], True),
        ([], [], False),
        (["spiffe://cluster.local/ns/pay/sa/orders"], [], False),
        (["spiffe://cluster.local/ns/shopper/sa/orders"], [], False),
        (["spiffe://cluster.local/ns/shop"], [], False),
        (["spiffe://cluster.local/ns/shop/"], [], False),
        (["spiffe://cluster.local/ns/shop/../pay/sa/x"], [], False),
        (["spiffe://cluster.local/ns/shop/%2e%2e/pay"], [], False),
        (["spiffe://cluster.local/ns/shop//sa"], [], False),
        (["spiffe://CLUSTER.local/ns/shop/sa/orders"], [], False),
        (["spiffe://cluster.local:8443/ns/shop/sa/orders"], [], False),
        (["spiffe://x@cluster.local/ns/shop/sa/orders"], [], False),
        (["spiffe://other.test/ns/pay/sa/till/more"], [], False),
        (["spiffe://other.test/ns/pay/sa/till\0.evil"], [], False),
        (["spiffe://other.test/ns/pay/sa/till?x"], [], False),
        # X.509-SVID: a certificate with two URIs is nobody's.
        ([_ORDERS, "spiffe://cluster.local/ns/shop/sa/baskets"], [], False),
        # A DNS name that looks like a SPIFFE ID is none, and a URI that looks like a DNS name neither.
        ([], [_ORDERS], False),
        (["edge.example"], [], False),
        ([], ["*.example"], False),
        ([], ["edge.example\0.evil"], False),
        ([], ["x.edge.example"], False),
    ],
)
def test_certificates(authority: Authority, identifiers: list[str], hosts: list[str], *, admitted: bool) -> None:
    """A SPIFFE ID counts as a whole, or below a path that ends where a segment does; a DNS name as a whole."""
    assert _admits(authority, identifiers=identifiers, hosts=hosts) is admitted


def test_no_certificate_no_caller() -> None:
    """Without one, with two, or with what is none, nobody is admitted, not by the common name either."""
    callers = Callers(("edge.example",), lambda: 0.0)
    for shown in ([], [b""], [b"-----BEGIN CERTIFICATE-----\n"], [b"\xff"], [b"a", b"b"]):
        assert not callers.admit({"x509_pem_cert": shown})
    assert not callers.admit({"x509_common_name": [b"edge.example"], "peer_dns": [b"edge.example"]})


def test_common_name_is_no_name(authority: Authority) -> None:
    """Of a certificate for "edge.example" by its subject alone nothing counts."""
    pem = Path(authority.sign("edge.example").certificate).read_bytes()
    assert not Callers(("edge.example",), lambda: 0.0).admit({"x509_pem_cert": [pem]})


_SEGMENTS = st.lists(st.text(string.ascii_letters + string.digits + "._-", min_size=1, max_size=6), max_size=4)


@given(_SEGMENTS, _SEGMENTS)
def test_prefix_ends_with_a_segment(above: list[str], segments: list[str]) -> None:
    """What is below a path is what has all of its segments first, and at least one more."""
    prefix = "/".join(["spiffe://td", *above, "*"])
    try:
        parse_name(prefix)
    except ValueError:
        assert {".", ".."} & set(above)
        return
    identifier = "/".join(["spiffe://td", *segments])
    callers = Callers((prefix,), lambda: 0.0)
    callers._names = lambda _: frozenset({identifier})  # type: ignore[assignment]
    wanted = len(segments) > len(above) and segments[: len(above)] == above
    assert callers.admit({"x509_pem_cert": [b"any"]}) is wanted


@pytest.mark.parametrize(
    "name",
    [
        *("", "*", "*.example", "Edge.example", "edge_example", "edge.example.", ".example", "a" * 254, "edge/x"),
        *("spiffe://", "spiffe:///ns", "spiffe://td", "spiffe://td/", "spiffe://td/ns/*/sa", "spiffe://td/ns/sh*"),
        *("spiffe://td/../x", "spiffe://td/./*", "spiffe://td//x", "spiffe://TD/x", "spiffe://*/x", "spiffe://td/%41"),
        f"spiffe://td/{'a' * 2048}",
    ],
)
def test_names_that_are_none(name: str) -> None:
    """What could match more than it seems to, or nothing ever, is refused where it is written."""
    with pytest.raises(ValueError, match=r"no SPIFFE ID|no name"):
        parse_name(name)


def test_over_grpc(authority: Authority) -> None:
    """Another workload's certificate of the same CA is denied with a reason, and never with an error.

    Whoever has a name is answered as ever.
    """
    server = authority.sign("server")
    ours = authority.sign("orders", identifiers=[_ORDERS])
    theirs = authority.sign("till", identifiers=["spiffe://cluster.local/ns/pay/sa/till"])
    nobody = authority.sign("nobody")

    def credentials(files: Files) -> grpc.ChannelCredentials:
        read = [Path(file).read_bytes() for file in (authority.file, files.key, files.certificate)]
        return grpc.ssl_channel_credentials(*read)

    async def ask(target: str, files: Files) -> Answer:
        async with grpc.aio.secure_channel(target, credentials(files)) as channel:
            call = channel.unary_unary(CHECK)  # type: ignore[call-arg]  # as in fronts
            answers = [read_answer(await call(with_token(mint()), timeout=20)) for _ in range(2)]
            assert answers[0].reason == answers[1].reason
            return answers[0]

    async def scenario() -> None:
        in_force = trust()
        engine = Engine(Checker(lambda: in_force), Services(verify_inline), lambda: NOW, lambda: "api")
        tls = Tls(server.certificate, server.key, authority.file)
        front = GrpcioServer(engine, tls=tls, callers=Callers(_CALLERS, lambda: 0.0))
        target = str(await front.start(TcpAddress("127.0.0.1", 0)))
        try:
            assert (await ask(target, ours)).allowed
            for files in (theirs, nobody):
                answer = await ask(target, files)
                assert (answer.allowed, answer.status, answer.reason) == (False, 503, "caller_not_allowed")
            assert (await ask(target, ours)).allowed
        finally:
            await front.stop(0)

    run(scenario())


def test_a_certificate_that_cannot_be_read(authority: Authority) -> None:
    """Of version 2, which gRPC takes and our library does not: its caller is nobody, and that is no error of gRPC's."""
    pem = Path(authority.sign("old", hosts=["edge.example"]).certificate).read_bytes()
    der = ssl.PEM_cert_to_DER_cert(pem.decode())
    assert der.count(b"\xa0\x03\x02\x01\x02") == 1
    old = ssl.DER_cert_to_PEM_cert(der.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x01"))
    assert not Callers(_CALLERS, lambda: 0.0).admit({"x509_pem_cert": [old.encode()]})
