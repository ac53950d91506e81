"""The HTTP API: parse, call one command, show."""
