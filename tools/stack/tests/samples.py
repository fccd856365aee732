"""What the tests are made of: small manifests, image layouts and a server whose answers are scripted."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tools.stack.runner.engine.podman import LABEL_RUN, Podman, Resource
from tools.stack.runner.manifest import Service
from tools.stack.runner.probes import Target


class Containers(Podman):
    """podman with these containers."""

    def __init__(self, *there: Resource) -> None:
        super().__init__()
        self.there = list(there)

    async def check(self) -> None:
        pass

    async def resources(self, label: str = LABEL_RUN) -> list[Resource]:
        run = label.partition("=")[2]
        return [each for each in self.there if run in ("", each.labels[LABEL_RUN])]

    async def remove(self, resources: Sequence[Resource]) -> None:
        self.there = [each for each in self.there if each not in resources]


def service(name: str, **attributes: Any) -> Service:
    """A service with an image, and whatever else is given."""
    return Service(**{"name": name, "image": "image", **attributes})


def manifest(*services: dict[str, Any], **attributes: Any) -> dict[str, Any]:
    """A manifest as the rules write it."""
    entries = [{"image": "image", **entry} for entry in services]
    return {"version": 1, "label": "//:stack", "services": entries, **attributes}


def write_layout(path: Path, *layers: bytes, config: dict[str, Any] | None = None) -> str:
    """Writes an OCI image layout with these uncompressed layers; the image's id."""

    def blob(data: bytes) -> dict[str, Any]:
        digest = hashlib.sha256(data).hexdigest()
        (path / "blobs/sha256").mkdir(parents=True, exist_ok=True)
        (path / "blobs/sha256" / digest).write_bytes(data)
        return {"digest": f"sha256:{digest}", "size": len(data)}

    media = "application/vnd.oci.image"
    blobs = [{"mediaType": f"{media}.layer.v1.tar", **blob(layer)} for layer in layers]
    rootfs = {"type": "layers", "diff_ids": [layer["digest"] for layer in blobs]}
    image = {"architecture": "amd64", "os": "linux", "config": config or {}, "rootfs": rootfs}
    configuration = {"mediaType": f"{media}.config.v1+json", **blob(json.dumps(image).encode())}
    document = {"schemaVersion": 2, "mediaType": f"{media}.manifest.v1+json", "config": configuration, "layers": blobs}
    index = {
        "schemaVersion": 2,
        "manifests": [{"mediaType": document["mediaType"], **blob(json.dumps(document).encode())}],
    }
    (path / "index.json").write_text(json.dumps(index))
    (path / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    return str(configuration["digest"]).removeprefix("sha256:")


@asynccontextmanager
async def answering(answer: bytes | None) -> AsyncIterator[Target]:
    """A server that answers anything it is sent with these bytes and hangs up; None never answers."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if await reader.read(65536) and answer is not None:
                writer.write(answer)
                await writer.drain()
            elif answer is None:
                await asyncio.Event().wait()
        except ConnectionError:
            pass
        finally:
            writer.close()

    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.ensure_future(talk(reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield target(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def target(port: int) -> Target:
    """A target on this machine, with one port called "main", whose secrets are their names backwards."""
    return Target("127.0.0.1", {"main": port}, _no_commands, lambda name: name[::-1])


async def _no_commands(command: object) -> str:
    raise AssertionError(f"nothing runs commands here: {command}")
