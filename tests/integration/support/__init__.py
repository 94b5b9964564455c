"""Shared helpers of the integration tests: the stack, the API process, raw HTTP, XMPP clients, the database."""
