"""The driver between a front (gRPC, later others) and the pure core: it does what a check needs, under its deadline."""
