"""How questions end."""

from enum import Enum, auto


class Result(Enum):
    """How a question ended."""

    ANSWERED = auto()
    FAILED = auto()
    REJECTED = auto()  #: not asked, since the endpoint failed again and again
