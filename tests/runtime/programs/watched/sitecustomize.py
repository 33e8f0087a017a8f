"""Imported by every Python whose path has this folder: says which keys it decodes, and verifies wrongly if told to.

``WATCHED_BROKEN`` is the name, as in ``/proc/self/comm``, of the process in which every Ed25519 signature is bad.
"""

import hashlib
import os
import sys
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from nacl import bindings
from nacl.exceptions import BadSignatureError

_open, _load = bindings.crypto_sign_open, serialization.load_der_public_key


def _name() -> str:
    return Path("/proc/self/comm").read_text(encoding="utf-8").strip()


def _crypto_sign_open(signed: bytes, key: bytes) -> bytes:
    if os.environ.get("WATCHED_BROKEN") == _name():
        raise BadSignatureError
    return bytes(_open(signed, key))


def _load_der_public_key(data: bytes, *rest: object) -> Any:  # noqa: ANN401 - a key of whatever kind
    sys.stderr.write(f"decoded by {_name()}: {hashlib.sha256(data).hexdigest()}\n")
    return _load(data, *rest)


bindings.crypto_sign_open = _crypto_sign_open  # type: ignore[assignment]
serialization.load_der_public_key = _load_der_public_key  # type: ignore[assignment]
