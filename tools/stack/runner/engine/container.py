"""How a service becomes a container: the arguments of `podman run`."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from tools.stack.runner.engine import disk, limits, mounts
from tools.stack.runner.engine.confidential import Secrets
from tools.stack.runner.engine.network import Network, hardware_address
from tools.stack.runner.manifest import PublishedPort, Service, expand
from tools.stack.runner.runfiles import Runfiles

OUTPUTS = "outputs"
# Whoever is connected to a service when it is frozen is not when it is thawed: there it finds the connection closed.
CRIU = "tcp-close\n"


def log_path(workdir: Path, service: str) -> Path:
    """The log of a service of the run whose directory is `workdir`."""
    return workdir / f"{service}.k8s.log"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run's containers live: their network, image files and the run's own directory."""

    run_id: str
    network: Network
    runfiles: Runfiles
    workdir: Path
    secrets: Secrets
    publish: tuple[PublishedPort, ...] = ()

    def container_name(self, service: str) -> str:
        return f"{self.run_id}-{service}"

    def log_path(self, service: str) -> Path:
        """conmon writes the container's output there, whether or not this program lives."""
        return log_path(self.workdir, service)

    def pid_path(self, service: str) -> Path:
        return self.workdir / f"{service}.pid"

    def outputs_path(self, service: str) -> Path:
        """What the service leaves for the test's outputs."""
        return self.workdir / OUTPUTS / service

    def volume_path(self, service: str, number: int) -> Path:
        return self.workdir / "volumes" / f"{service}.{number}"

    @property
    def criu_path(self) -> Path:
        """CRIU's configuration for containers that are frozen and thawed; runtimes are told of it by an annotation."""
        return self.workdir / "criu.conf"

    @property
    def hosts_path(self) -> Path:
        return self.workdir / "hosts"


@dataclass(frozen=True, slots=True)
class Extra:
    """What a container has beyond what its declaration says.

    `writable` maps host directories, and `readable` host files that it may not change, to targets.
    """

    args: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)
    writable: dict[Path, str] = field(default_factory=dict)
    readable: dict[Path, str] = field(default_factory=dict)

    def __or__(self, other: Extra) -> Extra:
        """Both; the other's arguments come later, and its variables win."""
        return Extra(
            self.args + other.args,
            self.env | other.env,
            self.writable | other.writable,
            self.readable | other.readable,
        )


def writable_directories(service: Service, place: Place) -> dict[Path, str]:
    """Makes the directories that the service may write to; where each appears in the container. Raises VolumeError."""
    directories = {place.volume_path(service.name, number): path for number, path in enumerate(service.volumes)}
    if service.outputs:
        directories[place.outputs_path(service.name)] = service.outputs
    for directory in directories:
        directory.mkdir(parents=True, exist_ok=True)
        directory.chmod(0o777)  # The container's user is another one, and unknown here.
    if service.volume_size:
        for number in range(len(service.volumes)):
            disk.mount(place.volume_path(service.name, number), service.volume_size)
    return directories


def run_arguments(service: Service, image: str, place: Place, extra: Extra | None = None) -> list[str]:
    """Arguments of `podman run`, from the options to the command; what they mount is there when it returns. Raises VolumeError.

    Every container is locked down: read-only root, no capabilities, no way to gain privileges, the image's own user.
    """
    extra = extra or Extra()
    addresses = place.network.addresses
    address = addresses[service.name]
    arguments = [
        *("--name", place.container_name(service.name)),
        *("--hostname", service.name),
        *("--network", f"{place.network.name}:ip={address},mac={hardware_address(address)}"),
        *("--no-hosts", "--volume", f"{place.hosts_path}:/etc/hosts:ro", "--dns", "none"),
        *("--pull", "never", "--restart", "no"),
        *("--read-only", "--cap-drop", "all", "--security-opt", "no-new-privileges"),
        *("--security-opt", "label=disable"),  # Where SELinux is on, Bazel's outputs must stay readable.
        *("--log-driver", "k8s-file", "--log-opt", f"path={place.log_path(service.name)}"),
        *("--pidfile", str(place.pid_path(service.name))),
        *("--stop-timeout", str(round(service.stop_timeout))),
    ]
    if service.snapshot:
        place.criu_path.write_text(CRIU)
        arguments += ["--annotation", f"org.criu.config={place.criu_path}"]
    for limit in limits.ulimits():
        arguments += ["--ulimit", limit]
    if service.memory:
        arguments += ["--memory", service.memory, "--memory-swap", service.memory]
    for option, value in (("--cpus", service.cpus), ("--shm-size", service.shm_size), ("--user", service.user)):
        if value:
            arguments += [option, value]
    for directory in service.tmpfs:
        arguments += ["--tmpfs", directory if ":" in directory else f"{directory}:mode=1777"]
    for mount in service.mounts:
        for volume in mounts.volumes(place.runfiles.resolve(mount.source), mount.target):
            arguments += ["--volume", volume]
    for file, path in {**place.secrets.write(service), **extra.readable}.items():
        arguments += ["--volume", f"{file}:{path}:ro"]
    for source, target in {**writable_directories(service, place), **extra.writable}.items():
        arguments += ["--volume", f"{source}:{target}:rw"]
    for name, value in {**service.env, **extra.env}.items():
        arguments += ["--env", f"{name}={expand(value, addresses)}"]
    for published in place.publish:
        if published.service == service.name:
            arguments += ["--publish", f"127.0.0.1:{published.host_port}:{service.ports[published.port]}"]
    if service.command:
        arguments += ["--entrypoint", json.dumps([expand(word, addresses) for word in service.command])]
    return [*arguments, image, *(expand(word, addresses) for word in service.args), *extra.args]
