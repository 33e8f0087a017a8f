"""What is revoked, and how we learn of it."""

from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from sidecar.memory.denylist_layout import budget
from sidecar.memory.segment import pages
from sidecar.settings.base import Model, Text, checked


def _check_url(url: str) -> None:
    """Raise ``ValueError`` for what is no Redis to connect to; its text has nothing of the URL, or of a password."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        # Whose text has what stands in the port's place.
        raise ValueError("is no URL; write rediss://redis.example:6379/0") from None
    if parts.scheme not in ("redis", "rediss", "unix"):
        raise ValueError("is of another scheme; write redis://, rediss:// (TLS) or unix:///path")
    if parts.username is not None or parts.password is not None:
        raise ValueError("has a name or password in it; use 'username' and 'password_file'")
    if parts.query or parts.fragment:
        raise ValueError("has something behind ? or #; the fields beside it say all there is to say")
    if parts.scheme == "unix":
        if parts.netloc or not parts.path.startswith("/"):
            raise ValueError("write unix:///absolute/path, with three slashes")
        return
    if not parts.hostname or not _is_port(port):
        raise ValueError("has no host; write rediss://redis.example:6379/0")
    if parts.path.strip("/") and not parts.path[1:].isdecimal():
        raise ValueError("what comes after the host is the number of a database, such as /0")


def _is_port(port: int | None) -> bool:
    return port is None or port > 0


class FeedTlsSettings(Model):
    """TLS towards Redis, for rediss://. Read at each connection."""

    ca_file: Text | None = Field(None, description="CAs of Redis' certificate, in PEM. Default: the system's.")
    certificate_file: Text | None = Field(None, description="Our certificate and its chain, in PEM, if Redis asks.")
    key_file: Text | None = Field(None, description="Its private key, in PEM, not encrypted.")

    @model_validator(mode="after")
    def _both(self) -> Self:
        if (self.certificate_file is None) != (self.key_file is None):
            raise ValueError("'certificate_file' and 'key_file' go together; give both or neither")
        return self


class FeedSettings(Model):
    """A Redis Stream that all sidecars read, and those with a signing key write to."""

    redis: Annotated[Text, checked(_check_url)] = Field(
        description="Which Redis: rediss://HOST:PORT/DATABASE with TLS, redis:// without, or unix:///path. Redis 7 or "
        "later, or what speaks its protocol."
    )
    stream: Text = Field("authz:revocations", description="The stream's key.")
    keys_file: Text = Field(
        description="A JWK Set with the Ed25519 keys of those who may revoke. What none of them has signed is counted "
        "and ignored, so that whoever can write to Redis can neither lock anybody out nor let anybody in."
    )
    signing_key_file: Text | None = Field(
        None,
        description="A private Ed25519 JWK, with which this sidecar signs what is posted to it. Required with "
        "'admin_api'. A key of its own: never one that signs tokens.",
    )
    username: Text | None = Field(None, description="Redis' user (ACL). It needs +xread, +xinfo and, to post, +xadd.")
    password_file: Text | None = Field(
        None, description="A file with that user's password. Read at each connection, so a renewed one counts at once."
    )
    tls: FeedTlsSettings = Field(default_factory=lambda: FeedTlsSettings.model_validate({}))
    allow_plaintext: bool = Field(
        default=False,
        description="Take redis:// to another host: password, subjects and token ids then cross the network in the "
        "clear. For meshes that encrypt by themselves.",
    )
    loss_seconds: float = Field(
        10.0,
        ge=2,
        le=3600,
        description="Seconds without a word from Redis after which the feed counts as lost. It is asked every second.",
    )

    @model_validator(mode="after")
    def _protected(self) -> Self:
        parts = urlsplit(self.redis)
        is_here = parts.scheme == "unix" or parts.hostname in ("localhost", "127.0.0.1", "::1")
        if parts.scheme == "redis" and not is_here and not self.allow_plaintext:
            raise ValueError(
                "'redis' without TLS to another host: password and subjects would cross the network in the clear; "
                "write rediss://, or set 'allow_plaintext' where a mesh encrypts"
            )
        if parts.scheme != "rediss" and self.tls.model_fields_set:
            raise ValueError("'tls' goes with rediss:// only; change the scheme, or leave 'tls' out")
        return self


class RevocationSettings(Model):
    """Revoked tokens. Without this section nothing is looked up, and it costs nothing."""

    file: Text | None = Field(
        None,
        description="A file with an entry a line, as JSON (docs/revocation.md), looked at every 2 s. A line that is "
        "taken out revokes on: only time ends an entry.",
    )
    admin_api: bool = Field(
        default=False,
        description="POST and GET /revocations on the administration's listener, for whoever may use that. false, "
        "since who may revoke can lock everybody out.",
    )
    feed: FeedSettings | None = Field(None, description="A feed for the whole cluster. Default: none.")
    on_feed_loss: Literal["keep", "deny"] = Field(
        "keep",
        description="What holds while the feed is lost. keep: all that is known; what is revoked meanwhile is not. "
        "deny: nobody is let in (503, revocation_unknown), so that Redis' end is everybody's; nor, until a "
        "restart, where messages vanished from the stream before they were read.",
    )
    max_entries: int = Field(
        100_000,
        ge=1000,
        le=100_000_000,
        description="Entries there is room for, 36 bytes each. Beyond it none is dropped: the sidecar is not ready.",
    )

    @property
    def denylist_bytes(self) -> int:
        """Return the size of the denylist, in whole pages."""
        return pages(budget(self.max_entries))

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.file is None and self.feed is None and not self.admin_api:
            raise ValueError("nothing could ever be revoked; give 'file', 'feed' or 'admin_api', or leave it all out")
        if self.admin_api and self.feed is not None and self.feed.signing_key_file is None:
            raise ValueError(
                "'admin_api' with a 'feed' takes 'feed.signing_key_file': what is posted must reach all others, and "
                "they believe what is signed"
            )
        return self
