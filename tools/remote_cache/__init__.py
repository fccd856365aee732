"""A cache of Bazel's over HTTP, what it must bear, and what went through it."""
