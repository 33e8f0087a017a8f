"""The processes that answer checks and verify signatures, and all of it in one."""
