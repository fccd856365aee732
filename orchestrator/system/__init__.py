"""The whole service as real processes on loopback, without containers and without Ray: for tests of what becomes of it."""
