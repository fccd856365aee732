"""Services that play the steps of actor.py."""

load("//tools/stack:defs.bzl", "service")

COMMAND = [
    "/usr/bin/python3.11",
    "-u",
    "/actor.py",
]

IMAGE = "//images:python"

MOUNTS = {"//tools/stack/tests/podman:actor.py": "/actor.py"}

def actor_service(name, **kwargs):
    """Declares a service.

    Args:
      name: of the service.
      **kwargs: other attributes of `service`; `args` are the steps.
    """
    service(
        name = name,
        testonly = True,
        command = COMMAND,
        image = IMAGE,
        memory = "64m",
        mounts = MOUNTS,
        **kwargs
    )
