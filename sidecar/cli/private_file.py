"""Private keys that commands read: files that nobody but their owner can."""

from pathlib import Path

from sidecar.cli.exit_codes import ExitCode
from sidecar.cli.failure import Failure, read_file
from sidecar.keys.jwk import JwkError
from sidecar.keys.signing import SigningKey, read_signing_key

_OTHERS = 0o077


def read_private_key(path: Path) -> SigningKey:
    """Read a private Ed25519 JWK; raises ``Failure``, also where others than its owner may read or write the file."""
    content = read_file(path)
    mode = path.stat().st_mode & 0o777
    if mode & _OTHERS:
        raise Failure(f"{path}: has mode {mode:04o}, so that others have the key; chmod 600 it", ExitCode.USAGE)
    try:
        return read_signing_key(content)
    except JwkError as error:
        problem = str(error)  # its context may have the content
    raise Failure(f"{path}: {problem}; give a private Ed25519 JWK ('authz-sidecar keys generate')", ExitCode.USAGE)
