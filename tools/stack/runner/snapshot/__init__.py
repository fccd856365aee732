"""Snapshots: a service that is slow to start is frozen once it is ready, and thawed in later runs.

`snapshots.py` decides, `key.py` says what a snapshot depends on, `store.py` keeps them on the disk, and `freezer.py`
has podman and CRIU do it.
"""
