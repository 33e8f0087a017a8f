"""Whoever sends a request, as a hook sees them."""

from collections.abc import Collection, Mapping
from typing import Any, cast, final

from sidecar.hooks.facts import Facts, frozen

#: What there is to it, by name.
IDENTITY_FACTS = frozenset({"subject", "issuer", "principal", "scopes", "audiences", "claims"})


@final
class Identity(Facts):
    """Who a token speaks for that was found good, under a time, a key and a denylist. Nobody changes it."""

    __slots__ = ()

    def __init__(
        self,
        *,
        subject: str | None = None,
        issuer: str = "",
        scopes: Collection[str] = (),
        audiences: Collection[str] = (),
        claims: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(
            {
                "subject": subject,
                "issuer": issuer,
                "principal": None if subject is None else f"{issuer}/{subject}",
                "scopes": frozenset(scopes),
                "audiences": tuple(audiences),
                "claims": frozen(claims or {}),
            }
        )

    @property
    def subject(self) -> str | None:
        """``sub``; ``None`` for a token without. Unique for one issuer alone: see ``principal``."""
        return cast("str | None", self._fact("subject"))

    @property
    def issuer(self) -> str:
        """``iss``."""
        return self._text("issuer")

    @property
    def principal(self) -> str | None:
        """Issuer and subject, joined by ``/``; ``None`` without a subject."""
        return cast("str | None", self._fact("principal"))

    @property
    def scopes(self) -> frozenset[str]:
        """What ``scope`` or ``scp`` names."""
        return cast("frozenset[str]", self._fact("scopes"))

    @property
    def audiences(self) -> tuple[str, ...]:
        """``aud``."""
        return cast("tuple[str, ...]", self._fact("audiences"))

    @property
    def claims(self) -> Mapping[str, Any]:
        """All claims: JSON, with lists as tuples and objects as mappings that are read alone."""
        return cast("Mapping[str, Any]", self._fact("claims"))

    def __repr__(self) -> str:
        """Name nobody: these are personal data."""
        return "Identity(…)"
