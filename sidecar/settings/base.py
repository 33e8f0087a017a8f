"""What all parts of the configuration share: strictness, and types of text."""

from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator


def checked(check: Callable[[str], object]) -> AfterValidator:
    """Return a validator that keeps a string which ``check`` takes, and tells the ``ValueError`` it raises."""

    def validate(value: str) -> str:
        check(value)
        return value

    return AfterValidator(validate)


#: Text that is not empty, and no longer than anybody would mean.
Text = Annotated[str, Field(min_length=1, max_length=2048)]
#: Header names that are safe to set: lower-case, without ``_`` (which other servers fold into ``-``).
HeaderName = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=128)]


class Model(BaseModel):
    """A mapping of the configuration: unknown fields and values of another type are refused, never guessed at."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=False, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _not_null(cls, value: object) -> object:
        # A field that was begun and not filled in must not widen what a rule matches, nor switch a protection off.
        if value is None:
            raise ValueError("is empty; give a value, or leave the field out")
        return value
