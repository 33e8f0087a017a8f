"""What groups are given: keys and tokens, a trust, requests, processes that run for them."""
