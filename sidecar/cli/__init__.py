"""The command line: one file a command. Exit codes are in ``exit_codes``."""
