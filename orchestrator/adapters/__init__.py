"""Adapters: the ports of the application, for the real things and in memory."""
