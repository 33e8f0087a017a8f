"""``python -m peers``."""

from peers.run import main

main()
