"""No filter at all: what Envoy costs by itself."""

from peers.contender import Contender, Front

CONTENDERS = (Contender("none", "no filter", "the router alone", lambda _bench, _stack: Front(), decides=False),)
