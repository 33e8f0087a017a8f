"""Key sets that are fetched: from a URL, or from where an issuer's discovery document says they are.

    source.py      one issuer's key set over time: refresh, back-off, how long the last good one stays
      schedule.py    when the next look is due (pure)
      fetch.py       one look: discovery document, key set, and what is wrong with either
        client.py      one HTTP GET with every limit on it; the only file that knows aiohttp's client
        resolver.py    names to addresses, in a thread that may hang
        addresses.py   which addresses may be connected to (pure)
        url.py         which URLs may be asked (pure)
        freshness.py   what Cache-Control says (RFC 9111; pure)

What is fetched is not trusted to be anything. A key set replaces the last one only when the whole way there was good:
address, certificate, status, size, the issuer in the discovery document, and at least one key that can be used.
"""
