"""Where the secret of an issuer comes from that signs with HS256."""

import re
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, model_validator

from sidecar.settings.base import Model, Text

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def _variable(name: str) -> str:
    # Without showing it: somebody may have written the secret here.
    if _VARIABLE.fullmatch(name) is None:
        raise ValueError("is no name of an environment variable (letters, digits and _); it is not the secret itself")
    return name


class HmacSecretSource(Model):
    """The secret of an issuer that signs with HS256 (RFC 7518, section 3.2): where it is, never the secret itself."""

    file: Text | None = Field(
        None,
        description="A file with the secret, 32 bytes or more; a relative path is relative to the configuration's "
        "folder. It is taken as it is, but for a line end after printable text, which editors add.",
    )
    env: Annotated[Text, AfterValidator(_variable)] | None = Field(
        None,
        description="An environment variable with the secret. Whoever may look into the process's environment sees it: "
        "a file is better.",
    )
    key_id: Text | None = Field(
        None, description="The 'kid' that tokens name. Default: tokens name none, and one that does is refused."
    )

    @model_validator(mode="before")
    @classmethod
    def _not_the_secret(cls, value: Any) -> Any:  # noqa: ANN401 - anything that stands in the file
        # Told without the value: what an error shows is logged.
        if not isinstance(value, dict) or not all(isinstance(inner, str) for inner in value.values()):
            raise ValueError(
                "says where the secret is, never the secret itself: write {file: secret.bin} or {env: NAME}"
            )
        return value

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.file is None) == (self.env is None):
            raise ValueError("give exactly one of 'file' and 'env'")
        return self
