"""Writes the directory that holds a stack for podman-compose, and names its images in podman's storage."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from tools.stack.runner.compose import healthchecks, yaml
from tools.stack.runner.compose.document import Names, document, image_reference, template_file
from tools.stack.runner.display.progress import Progress
from tools.stack.runner.engine import layout
from tools.stack.runner.engine.confidential import Secrets, names
from tools.stack.runner.engine.images import ImageLoader
from tools.stack.runner.engine.layout import Layout
from tools.stack.runner.engine.podman import Podman
from tools.stack.runner.manifest import Manifest
from tools.stack.runner.runfiles import Runfiles

COMPOSE_FILE = "compose.yaml"
_CHECKS = "healthchecks.sh"
_HEAD = """\
# {label} for podman-compose 1.6 and podman 5: bazel's stack_compose wrote this, and nothing here needs bazel.
#
#   podman-compose up -d       in this folder; ports are open on 127.0.0.1
#   podman-compose down -v     -v: with the volumes
#
# Images: they are in podman's storage under the names below, which go by their content; stack_compose has put them there.
# For another machine: podman save -m -o images.tar NAME…, and there podman load -i images.tar.
# Secrets: random, made when this folder was; ./secrets/. Files that the services see: ./mounts/.
# Health: services start when what they need is healthy. podman leaves health checks to systemd's timers; where systemd does
# not run, run ./healthchecks.sh beside it.
"""
_ADDRESSES = """\
# Addresses: some services must know one. Where this machine uses them: STACK_NETWORK=10.1.2 podman-compose up -d
"""


class Export:
    """A stack that leaves Bazel."""

    def __init__(self, manifest: Manifest, runfiles: Runfiles) -> None:
        """Raises RunfileMissingError and ImageMissingError."""
        self._manifest, self._runfiles = manifest, runfiles
        labels = {service.image: service.image_label or service.image for service in manifest.services}
        self._layouts = {image: layout.read(runfiles.resolve(image), label) for image, label in labels.items()}
        self._references = {image: image_reference(each.name, each.id) for image, each in self._layouts.items()}
        sources = [mount.source for service in manifest.services for mount in service.mounts]
        self._mounts = {source: f"mounts/{source.lstrip('/')}" for source in sources}

    def text(self) -> str:
        """The compose file. The same stack gives the same text."""
        body = yaml.dump(document(self._manifest, Names(self._references, self._mounts)))
        head = _HEAD.format(label=self._manifest.label) + (_ADDRESSES if "${STACK_NETWORK" in body else "")
        return f"{head}\n{body}"

    def write(self, directory: Path) -> None:
        """Writes everything into the directory, over what an earlier export left there; secrets that are there stay."""
        directory.mkdir(parents=True, exist_ok=True)
        (directory / ".gitignore").write_text("*\n")  # It holds secrets, and is made of what is in the repository.
        (directory / healthchecks.PROGRAM.lstrip("/")).write_bytes(healthchecks.program())
        _copy(Path(__file__).with_name(_CHECKS), directory / _CHECKS)
        self._write_secrets(directory / "secrets")
        shutil.rmtree(directory / "mounts", ignore_errors=True)
        for service in self._manifest.services:
            for mount in service.mounts:
                _copy(self._runfiles.resolve(mount.source), directory / self._mounts[mount.source])
            if service.outputs:
                outputs = directory / "outputs" / service.name
                outputs.mkdir(parents=True, exist_ok=True)
                outputs.chmod(0o777)  # The container's user is another one, and unknown here.
        (directory / COMPOSE_FILE).write_text(self.text())

    async def load_images(self, podman: Podman, progress: Progress) -> None:
        """Brings the images into podman's storage, by the names that the file has. Raises StackError."""
        layouts: list[Layout] = list(self._layouts.values())
        await ImageLoader(podman, layouts, lambda name, seconds: progress.event(f"{name} loaded", seconds)).load()
        for image, each in self._layouts.items():
            await podman.tag(each.id, self._references[image])

    def _write_secrets(self, directory: Path) -> None:
        services = [service for service in self._manifest.services if names(service)]
        if not services:
            return
        directory.mkdir(mode=0o700, exist_ok=True)
        secrets = Secrets(directory, {file.name: file.read_text() for file in directory.iterdir()})
        texts = {name: secrets.value(name) for service in services for name in names(service)}
        texts |= {
            template_file(service.name, path): secrets.fill(template)
            for service in services
            for path, template in service.secret_files.items()
        }
        for name, text in texts.items():
            file = directory / name
            file.unlink(missing_ok=True)
            file.write_text(text)
            file.chmod(0o444)  # The directory is closed; the container's user is another one.


def _copy(source: Path, target: Path) -> None:
    """Copies a file or a directory, with what links lead to, such that it can be changed and removed."""
    if source.is_dir():
        for path in sorted(source.iterdir()):
            _copy(path, target / path.name)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(0o755 if os.access(source, os.X_OK) else 0o644)
