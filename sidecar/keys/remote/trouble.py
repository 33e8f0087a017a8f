"""Why a key set could not be fetched: one closed enum, whose values are metric labels."""

from enum import StrEnum


class Trouble(StrEnum):
    """What went wrong."""

    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"  #: no such name, nobody listens, or the connection broke
    ADDRESS_REFUSED = "address_refused"  #: it leads to an address that is not to be connected to
    URL_REFUSED = "url_refused"  #: a discovery document names a URL that is not to be asked
    TLS = "tls"  #: the certificate is not good, or the CA file is not
    STATUS = "status"  #: neither 200 nor 304
    REDIRECT = "redirect"  #: it is elsewhere; redirects are not followed
    TOO_LARGE = "too_large"
    ENCODED = "encoded"  #: compressed, though that was not asked for
    MALFORMED = "malformed"  #: no discovery document, or no key set with a key that can be used
    WRONG_ISSUER = "wrong_issuer"  #: the discovery document is another issuer's
    REFUSED = "refused"  #: it came, and is not taken: not signed by whom it must be, older, expired, or does not fit
    CREDENTIAL = "credential"  #: the file with the bearer token cannot be read
    INTERNAL = "internal"  #: a fault of ours


class FetchError(Exception):
    """A key set that could not be fetched. The text says why, and names no secret."""

    def __init__(self, trouble: Trouble, text: str) -> None:
        super().__init__(text)
        self.trouble = trouble
