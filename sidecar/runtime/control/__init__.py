"""Everything that is for all servers and that no check waits for: HTTP, reload, sweep."""
