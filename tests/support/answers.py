"""CheckResponses as Envoy reads them."""

import json
from dataclasses import dataclass
from typing import Any, cast

from google.protobuf import json_format

from sidecar.protos.ext_authz import CheckResponse

#: google.rpc.Code for an HTTP status, from google/rpc/code.proto's own comments, 400 as INVALID_ARGUMENT.
RPC_CODES = {400: 3, 401: 16, 403: 7, 413: 3, 414: 3, 503: 14}


@dataclass(frozen=True)
class Answer:
    """One CheckResponse. ``headers`` go upstream if it allows, to the client if not; a name may stand there twice."""

    allowed: bool
    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    removed: tuple[str, ...]
    body: str
    metadata: dict[str, Any]
    rpc_code: int
    parameters: tuple[str, ...] = ()

    def header(self, name: str) -> str | None:
        """Return the value of the only header of that name, ``None`` where there is none."""
        values = [value for key, value in self.headers if key == name]
        assert len(values) <= 1, f"{name} is set {len(values)} times"
        return values[0] if values else None

    @property
    def json(self) -> dict[str, Any]:
        """Return the body's members."""
        return cast("dict[str, Any]", json.loads(self.body))


def read_answer(data: bytes) -> Answer:
    """Read a CheckResponse, and hold it against what must be true of every one."""
    message = CheckResponse.FromString(data)
    allowed = message.WhichOneof("http_response") == "ok_response"
    assert allowed is (message.status.code == 0), "status and http_response disagree"
    assert message.HasField("ok_response") is not message.HasField("denied_response")
    sent = message.ok_response if allowed else message.denied_response
    status = 200 if allowed else int(message.denied_response.status.code)
    assert allowed or message.status.code == RPC_CODES.get(status, 7 if status < 500 else 14)
    metadata = json_format.MessageToDict(message.dynamic_metadata)
    assert metadata["decision"] == ("allow" if allowed else "deny")
    return Answer(
        allowed=allowed,
        status=status,
        reason=metadata["reason"],
        headers=tuple((option.header.key, option.header.value) for option in sent.headers),
        removed=tuple(message.ok_response.headers_to_remove),
        body=message.denied_response.body,
        metadata=metadata,
        rpc_code=message.status.code,
        parameters=tuple(message.ok_response.query_parameters_to_remove),
    )
