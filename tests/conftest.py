"""What every test shares: hypothesis' profile."""

from support import profile

profile.load()
