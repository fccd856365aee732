"""The compose export: the same stack for podman-compose, in a directory that needs neither Bazel nor this repository."""
