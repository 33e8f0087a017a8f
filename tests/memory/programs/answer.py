"""Attach the segment whose descriptor is the argument, and write its first five bytes in capitals."""

import sys

from sidecar.memory import segment

with segment.attach(int(sys.argv[1])) as shared:
    shared.memory[:5] = shared.memory[:5].upper()
