"""Answers as each proxy understands them: what cannot be carried is never let in."""

import pytest

from sidecar.core import response
from sidecar.core.decision import Denial
from sidecar.core.reason import OUTCOMES, Reason
from sidecar.protos.ext_authz import BoolValue, CheckResponse, HeaderValue, HeaderValueOption, QueryParameter
from sidecar.transport.forward_auth.profile import PRESETS, Proxy
from sidecar.transport.forward_auth.told import UncarriedError, told
from support.forward_auth import PROXIES

_OURS = ("x-auth-subject", "x-auth-issuer")


def _allowed() -> CheckResponse:
    answer = CheckResponse()
    answer.ok_response.headers.append(HeaderValueOption(header=HeaderValue(key="x-auth-subject", value="alice")))
    answer.ok_response.headers_to_remove.extend(["x-auth-issuer", "x.auth.issuer"])
    return answer


def _told(answer: CheckResponse, proxy: Proxy, sent: frozenset[str] = frozenset()) -> tuple[int, dict[str, str]]:
    found = told(answer.SerializeToString(), PRESETS[proxy], sent, _OURS)
    assert len(dict(found.headers)) == len(found.headers)
    return found.status, dict(found.headers)


def test_identity_headers() -> None:
    """Those that there are, and none that is empty; Envoy is told besides what to take off. No cache may keep it."""
    wanted = {"x-auth-subject": "alice", "cache-control": "no-store"}
    for proxy in ("nginx", "traefik"):
        assert _told(_allowed(), proxy, frozenset({"x-auth-issuer", "x-auth-subject"})) == (200, wanted)
    more = {"x-envoy-auth-headers-to-remove": "x-auth-issuer,x.auth.issuer"}
    assert _told(_allowed(), "envoy", frozenset({"x.auth.issuer"})) == (200, wanted | more)


def test_what_cannot_be_taken_off() -> None:
    """A header of the client's that would stay is not let in; Envoy takes it off."""
    for proxy in ("nginx", "traefik"):
        with pytest.raises(UncarriedError):
            _told(_allowed(), proxy, frozenset({"x.auth.issuer"}))


@pytest.mark.parametrize("proxy", PROXIES)
def test_what_cannot_be_carried(proxy: Proxy) -> None:
    """Parameters, headers for the client, appended ones, and those that no proxy takes from us."""
    changes = [_allowed() for _ in range(5)]
    changes[0].ok_response.query_parameters_to_set.append(QueryParameter(key="a", value="b"))
    changes[1].ok_response.query_parameters_to_remove.append("a")
    changes[2].ok_response.response_headers_to_add.append(HeaderValueOption(header=HeaderValue(key="a", value="b")))
    changes[3].ok_response.headers[0].append.CopyFrom(BoolValue(value=True))
    changes[4].ok_response.headers.append(HeaderValueOption(header=HeaderValue(key="cookie", value="b")))
    for changed in changes:
        with pytest.raises(UncarriedError):
            _told(changed, proxy)


@pytest.mark.parametrize("proxy", PROXIES)
@pytest.mark.parametrize("reason", [one for one in Reason if OUTCOMES[one].status >= 400])
def test_denials_are_understood_as_such(proxy: Proxy, reason: Reason) -> None:
    """No denial's status is one that the proxy takes for anything else, or for a reason to let in."""
    found = told(response.deny(Denial(reason), "", "api"), PRESETS[proxy], (), _OURS)
    usual = OUTCOMES[reason].status
    assert dict(found.headers)["x-authz-reason"] == reason.value
    if proxy == "nginx":
        assert found.status in {401, 403, 503}
        assert (found.status == 401) is (usual == 401)
    elif proxy == "envoy":
        assert found.status == (403 if usual >= 500 else usual)
    else:
        assert found.status == usual
        assert reason.value in found.body.decode()


@pytest.mark.parametrize("proxy", PROXIES)
def test_nothing_else_allows(proxy: Proxy) -> None:
    """An answer that is empty, or has no clear "yes", is a denial, whatever status it names."""
    empty, both, success = CheckResponse(), _allowed(), CheckResponse()
    both.status.code = 7
    success.denied_response.status.code = 200
    assert [_told(one, proxy)[0] for one in (empty, both, success)] == [403] * 3
