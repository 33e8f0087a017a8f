"""What every test shares: hypothesis' profile, and a gRPC that lets processes be started."""

from support import forking, profile

profile.load()
forking.without_handlers()
