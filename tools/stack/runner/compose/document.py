"""A manifest as a compose file (https://github.com/compose-spec/compose-spec), in the dialect of podman-compose 1.6."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tools.stack.runner.compose import healthchecks
from tools.stack.runner.compose.healthchecks import Healthcheck
from tools.stack.runner.engine.network import FIRST_HOST
from tools.stack.runner.manifest import Manifest, Service, references

# The first three numbers of all addresses, for who has to choose others.
NETWORK_VARIABLE = "STACK_NETWORK"
_REFERENCE = re.compile(r"\$\$\(ip ([^()\s]+)\)")


@dataclass(frozen=True, slots=True)
class Names:
    """What the file calls things: images by the manifest's `image`, mounted files by their `source`.

    Files lie in the directory of the compose file.
    """

    images: Mapping[str, str]
    mounts: Mapping[str, str]


def project(label: str) -> str:
    """The project's name, from the label of the stack: `//e2e:stack` is `e2e-stack`."""
    return "-".join(re.findall(r"[a-z0-9]+", label.lower()))


def image_reference(label: str, identifier: str) -> str:
    """The name of an image in podman's storage: from its label, and for this very content."""
    path = "/".join(re.findall(r"[a-z0-9]+(?:[._-][a-z0-9]+)*", label.lower()))
    return f"localhost/{path}:{identifier[:12]}"


def template_file(service: str, path: str) -> str:
    """Name of the file that a template becomes: one for each service and path, and no secret's own."""
    return f"{service}.{re.sub('[^A-Za-z0-9._-]', '-', path.lstrip('/'))}"


def document(manifest: Manifest, names: Names) -> dict[str, Any]:
    """The compose file, with paths relative to its directory. It depends on nothing but the arguments."""
    addresses = _addresses(manifest)
    services = {service.name: _Service(manifest, service, names, addresses) for service in manifest.services}
    secrets = sorted({name for service in services.values() for name in service.secret_targets})
    volumes = [name for service in services.values() for name in service.volume_names]
    entries = {
        "name": project(manifest.label),
        "services": {name: service.entry() for name, service in services.items()},
        "networks": {"default": _network(manifest, static=bool(addresses))},
        "volumes": {name: {} for name in volumes},
        "secrets": {name: {"file": f"./secrets/{name}"} for name in secrets},
        # A pod would only be one more name.
        "x-podman": {"in_pod": False},
    }
    return {key: value for key, value in entries.items() if value}


def _addresses(manifest: Manifest) -> dict[str, str]:
    """An address for each service, where one refers to another's; names do for all else."""
    if not any(references(service) for service in manifest.services):
        return {}
    prefix = f"${{{NETWORK_VARIABLE}:-{_prefix(manifest.label)}}}"
    return {service.name: f"{prefix}.{FIRST_HOST + index}" for index, service in enumerate(manifest.services)}


def _prefix(label: str) -> str:
    """Of 8192 private networks one that goes by the stack's label, so that two stacks seldom meet."""
    digest = hashlib.sha256(label.encode()).digest()
    return f"10.{96 + digest[0] % 32}.{digest[1]}"


def _network(manifest: Manifest, *, static: bool) -> dict[str, Any]:
    # As in the harness: no way out, and yet ports can be published, which `internal` would forbid.
    network: dict[str, Any] = {"driver_opts": {"no_default_route": "1"}}
    if static:
        subnet = f"${{{NETWORK_VARIABLE}:-{_prefix(manifest.label)}}}"
        network["ipam"] = {"config": [{"subnet": f"{subnet}.0/24", "gateway": f"{subnet}.1"}]}
    return network


def _healthcheck(manifest: Manifest, service: Service) -> Healthcheck | None:
    if service.name in manifest.healthchecks:
        return Healthcheck(manifest.healthchecks[service.name])
    at = service.probe.at if service.probe else ""
    return healthchecks.of(service, manifest.service(at) if at else service)


class _Service:
    """One service of the file."""

    def __init__(self, manifest: Manifest, service: Service, names: Names, addresses: Mapping[str, str]) -> None:
        self._manifest, self._service, self._names, self._addresses = (manifest, service, names, addresses)
        self._check = _healthcheck(manifest, service)
        self.volume_names = [f"{service.name}-{number}" for number in range(len(service.volumes))]
        self.secret_targets = dict(service.secrets)
        self.secret_targets |= {template_file(service.name, path): path for path in service.secret_files}
        if self._check and self._check.password:
            password = self._check.password
            self.secret_targets[password] = healthchecks.secret_path(service, password)

    def entry(self) -> dict[str, Any]:
        """What `services` has under the service's name; what is empty is left out."""
        service = self._service
        entry = {
            "image": self._names.images[service.image],
            "pull_policy": "never",
            "hostname": service.name,
            "entrypoint": [self._text(word) for word in service.command],
            "command": [self._text(word) for word in service.args],
            "environment": {name: self._text(value) for name, value in service.env.items()},
            "depends_on": {need: {"condition": self._condition(need)} for need in service.needs},
            "healthcheck": self._health(),
            "ports": [
                f"127.0.0.1:{port.host_port}:{service.ports[port.port]}"
                for port in self._manifest.publish
                if port.service == service.name
            ],
            "networks": {"default": {"ipv4_address": self._addresses[service.name]}} if self._addresses else {},
            "volumes": self._volumes(),
            "secrets": [{"source": name, "target": path} for name, path in self.secret_targets.items()],
            "tmpfs": [path if ":" in path else f"{path}:mode=1777" for path in service.tmpfs],
            "mem_limit": service.memory,
            "cpus": service.cpus,
            "shm_size": service.shm_size,
            "user": service.user,
            "read_only": True,
            "cap_drop": ["ALL"],
            "security_opt": ["no-new-privileges", "label=disable"],
            "stop_grace_period": f"{service.stop_timeout:g}s",
        }
        return {key: value for key, value in entry.items() if value}

    def _text(self, text: str) -> str:
        """A text of the manifest, in which compose is to replace nothing but addresses."""
        return _REFERENCE.sub(lambda match: self._addresses[match[1]], text.replace("$", "$$"))

    def _condition(self, need: str) -> str:
        needed = self._manifest.service(need)
        if needed.task:
            return "service_completed_successfully"
        return "service_healthy" if _healthcheck(self._manifest, needed) else "service_started"

    def _health(self) -> dict[str, Any]:
        if not self._check:
            return {}
        return {
            "test": ["CMD", *(word.replace("$", "$$") for word in self._check.command)],
            "interval": "2s",
            "timeout": "5s",
            "retries": 3,
            "start_period": f"{self._service.ready_timeout:g}s",
        }

    def _volumes(self) -> list[dict[str, Any]]:
        service = self._service
        read_only = [(f"./{self._names.mounts[mount.source]}", mount.target) for mount in service.mounts]
        if self._check and self._check.needs_program:
            read_only.append((f".{healthchecks.PROGRAM}", healthchecks.PROGRAM))
        writable = [(f"./outputs/{service.name}", service.outputs)] if service.outputs else []
        named = zip(self.volume_names, service.volumes, strict=True)
        return [
            *({"type": "bind", "source": source, "target": path, "read_only": True} for source, path in read_only),
            *({"type": "bind", "source": source, "target": path} for source, path in writable),
            *({"type": "volume", "source": name, "target": path} for name, path in named),
        ]
