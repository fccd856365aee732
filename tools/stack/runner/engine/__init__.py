"""Podman: the only place that calls it, and what it is asked."""
