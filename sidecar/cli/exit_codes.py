"""What the exit code of ``authz-sidecar`` means; printed by ``--help`` and held to by tests."""

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of every command."""

    OK = 0  #: done, and the answer is yes
    NO = 1  #: done, and the answer is no: a token is refused, the tour had an unexpected answer
    USAGE = 2  #: the command line or the configuration is wrong; nothing was started or written
    UNAVAILABLE = 3  #: the system does not let it: an address is taken, Envoy is missing, a file cannot be written
    INTERRUPTED = 130  #: Ctrl-C


#: The backspace tells click to keep the lines as they are.
HELP = """\b
Exit codes:
  0    done; the answer is yes
  1    done; the answer is no (token refused, tour not as expected)
  2    command line or configuration wrong; nothing was started or written
  3    the system does not let it (address taken, file not writable, no Envoy)
  130  interrupted with Ctrl-C
"""
