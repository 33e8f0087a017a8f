"""The library decides as the server does: the same tokens through both, good and bad."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from sidecar import Authenticated, Authenticator, Reason, Refused, Result
from sidecar.core.algorithm import Algorithm
from sidecar.core.check import Checker
from sidecar.engine.engine import Engine, Services
from sidecar.loading.document import Document
from sidecar.loading.load import configuration_of
from sidecar.loading.trust import load_trust
from sidecar.settings import Settings
from sidecar.verify.inline import verify_inline
from support.answers import read_answer
from support.authenticators import NOW, settings, token
from support.keypairs import pair
from support.requests import with_token
from support.tokens import ABSENT, claims, forge, forge_payload, mint
from support.trusts import ALLOW_ALL
from support.vectors import cases

_ES, _STRANGER = pair(Algorithm.ES256, key_id="es"), pair(owner="stranger")
_SETTINGS = settings(pair(), _ES) | {"policies": ALLOW_ALL}
_SETTINGS["issuers"][0]["algorithms"] = ["EdDSA", "ES256"]
_GOOD = [
    token(),
    token(key=_ES),
    token(subject="bob", scope="orders:read orders:write", nested={"list": [1, {"a": None}]}),
    token(aud=["other", "orders"]),
    token(iat=NOW + 10),  # within the skew
    mint(claims(iat=NOW, exp=NOW + 86_400), kid=None),
    mint(claims(iat=NOW, exp=NOW + 86_400), kid="key-1", typ="at+jwt"),
]
_CLAIMS = claims(iat=NOW - 10, exp=NOW + 86_400)
_BAD = [
    *("x", "a.b", "a.b.c", "a.b.c.d", ".", "..", "a" * 20_000, "e30.e30.", "=", "A" * 8193),
    *(token() + tail for tail in (".", "=", "A", ".AAAA")),
    *(token()[:-1], token()[1:], token().replace(".", "..", 1)),
    token(key=_STRANGER),
    token(key=pair(owner="stranger", key_id="unheard-of")),
    token(exp=NOW - 3600),
    token(exp=ABSENT),
    token(exp="soon"),
    token(exp=True),
    token(nbf=NOW + 3600),
    token(iat=NOW + 3600),
    token(aud="others"),
    token(aud=ABSENT),
    token(aud=7),
    token(iss="https://stranger.example"),
    token(iss=ABSENT),
    token(sub=ABSENT),
    token(cnf={"jkt": "A" * 43}),
    mint(_CLAIMS, typ="logout+jwt"),
    mint(_CLAIMS, crit=["exp"]),
    forge({"alg": "none"}, _CLAIMS),
    forge({"alg": "HS256", "kid": "key-1"}, _CLAIMS),
    forge({"alg": "ES256", "kid": "key-1"}, _CLAIMS),
    forge({"alg": "EdDSA", "kid": "key-1", "b64": False}, _CLAIMS),
    forge({"alg": "EdDSA", "kid": ["key-1"]}, _CLAIMS),
    forge(b"{", _CLAIMS),
    *(
        forge({"alg": "EdDSA", "kid": "key-1"}, _CLAIMS | odd)
        for odd in ({"iss": ["https://issuer.example"]}, {"sub": 7})
    ),
    forge_payload(b"[]"),
    forge_payload(b'{"iss":"a","iss":"b"}'),
    forge_payload(b"\xff"),
]
_WYCHEPROOF = [case["jws"] for _, case in cases("jws") if isinstance(case["jws"], str) and case["jws"]]


@pytest.fixture(scope="module")
def library() -> Iterator[Authenticator]:
    """Run one, in this process alone."""
    with Authenticator(_SETTINGS) as made:
        yield made


@pytest.fixture(scope="module")
def server() -> Engine:
    """Return the engine that a server of the same configuration has."""
    loaded = load_trust(configuration_of(Document(Path("authz.yaml"), dict(_SETTINGS), {}), {}))
    return Engine(Checker(lambda: loaded.trust), Services(verify_inline), time.time, lambda: "api")


def _reason(result: Result) -> str:
    return "allowed" if result else result.reason.value  # type: ignore[union-attr]


def _server_says(server: Engine, text: str) -> str:
    answer = read_answer(asyncio.run(server.check(with_token(text))))
    return "allowed" if answer.allowed else answer.reason


def test_good_tokens(library: Authenticator, server: Engine) -> None:
    """What the server lets in is somebody, new or known, alone or in a batch."""
    assert {_server_says(server, one) for one in _GOOD} == {"allowed"}
    first = [library.authenticate_sync(one) for one in _GOOD]
    assert all(isinstance(one, Authenticated) for one in first)
    assert library.authenticate_batch_sync(_GOOD) == first == [library.authenticate_sync(one) for one in _GOOD]


@pytest.mark.parametrize("number", range(len(_BAD)))
def test_bad_tokens(library: Authenticator, server: Engine, number: int) -> None:
    """What the server refuses is refused for the same reason, the first time and the second."""
    expected = _server_says(server, _BAD[number])
    assert expected != "allowed"
    assert [_reason(library.authenticate_sync(_BAD[number])) for _ in range(2)] == [expected] * 2


def test_wycheproof(library: Authenticator, server: Engine) -> None:
    """So with the tokens of others who thought of what can be wrong."""
    assert len(_WYCHEPROOF) > 300
    results = library.authenticate_batch_sync(_WYCHEPROOF)
    assert list(map(_reason, results)) == [_server_says(server, text) for text in _WYCHEPROOF]
    assert not any(results)


@hypothesis_settings(max_examples=60)
@given(
    st.one_of(st.text(max_size=60), st.binary(max_size=60), st.sampled_from(["", "Bearer " + token(), " " + token()]))
)
def test_anything(library: Authenticator, anything: str | bytes) -> None:
    """Whatever is no token is refused, with a reason, and nothing is raised."""
    found = library.authenticate_sync(anything)
    assert isinstance(found, Refused)
    assert found.status in {400, 401}
    assert _reason(library.authenticate_batch_sync([anything, token()])[0]) == found.reason.value


@given(st.integers(0, 10_000), st.integers(0, 7))
def test_one_bit(library: Authenticator, place: int, bit: int) -> None:
    """A good token of which one bit is another is nobody's."""
    good = bytearray(_GOOD[0].encode())
    good[place % len(good)] ^= 1 << bit
    assert not library.authenticate_sync(bytes(good)) or bytes(good) in [one.encode() for one in _GOOD]


def test_no_token(library: Authenticator) -> None:
    """None, and nothing, is no credential."""
    assert {library.authenticate_sync(nothing).reason for nothing in (None, "", b"")} == {Reason.NO_CREDENTIAL}  # type: ignore[union-attr]


def test_settings_are_taken_as_an_object_too() -> None:
    """An object of settings decides as the mapping that it was made of."""
    with Authenticator(Settings.model_validate(_SETTINGS)) as made:
        assert made.authenticate_sync(_GOOD[1])
        assert _reason(made.authenticate_sync(token(key=_STRANGER))) == "bad_signature"


def test_expires_while_it_is_known() -> None:
    """A token that is known is refused from the moment on that it is over, for that reason."""
    clock = [float(NOW)]
    from sidecar.library.service import Service  # noqa: PLC0415
    from sidecar.library.setup import setup_of  # noqa: PLC0415

    async def main() -> list[str]:
        service = Service(setup_of(_SETTINGS, Path()), lambda: clock[0])
        await service.start()
        try:
            first = _reason(await service.authenticate(_GOOD[0], "", None))
            known = service.recent.recall(_GOOD[0])
            clock[0] += 2 * 86_400
            assert known is not None
            assert service.recent.recall(_GOOD[0]) is None
            return [first, _reason(await service.authenticate(_GOOD[0], "", None))]
        finally:
            await service.stop(cancel=True)

    assert asyncio.run(main()) == ["allowed", "token_expired"]
