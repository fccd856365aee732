"""Runs a stack of containers that a BUILD file declares: see tools/stack/README.md."""
