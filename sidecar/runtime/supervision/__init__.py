"""Starting, watching and ending processes. Knows neither gRPC nor an event loop, nor what the processes do."""
