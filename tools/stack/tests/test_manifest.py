"""The manifest: what is accepted, what is refused, and what references become."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tools.stack.runner import manifest
from tools.stack.runner.errors import ManifestError
from tools.stack.tests import samples


def test_attributes_have_their_types() -> None:
    stack = manifest.parse(
        samples.manifest(
            {
                "name": "web",
                "ports": {"http": 80},
                "ready_timeout": 5,
                "mounts": [{"source": "a/b", "target": "/b"}],
                "probe": {"kind": "http", "port": "http", "path": "/healthz"},
            }
        )
    )
    web = stack.service("web")
    assert web.ready_timeout == 5.0
    assert web.mounts == (manifest.Mount("a/b", "/b"),)
    assert web.probe == manifest.ProbeSpec("http", {"port": "http", "path": "/healthz"})


def test_publish_is_split_into_service_and_port() -> None:
    web = {"name": "web", "ports": {"http": 80}}
    stack = manifest.parse(samples.manifest(web, publish={"web:http": 8080}))
    assert stack.publish == (manifest.PublishedPort("web", "http", 8080),)


@pytest.mark.parametrize(
    ("data", "blamed"),
    [
        (samples.manifest({"name": "web", "needs": ["db"]}), "web"),
        (samples.manifest({"name": "web", "args": ["--db=$(ip db)"]}), "web"),
        (samples.manifest({"name": "web", "env": {"DB": "$(ip db):1"}}), "web"),
        (samples.manifest({"name": "web", "probe": {"kind": "ray", "port": "gcs", "at": "head"}}), "web"),
        (samples.manifest({"name": "web", "task": True, "probe": {"kind": "tcp", "port": "main"}}), "web"),
        (samples.manifest({"name": "web"}, {"name": "web"}), "web"),
        (samples.manifest({"name": "web"}, publish={"web:http": 80}), "web"),
        (samples.manifest({"name": "web"}, publish={"web": 80}), "web"),
        (samples.manifest({"name": "web"}, healthchecks={"db": ["/bin/check"]}), "db"),
        (samples.manifest({"name": "web"}, tests={"name": "tests", "image": "i", "env": {"A": "$(ip db)"}}), "tests"),
        ({**samples.manifest(), "version": 99}, "99"),
        ({"version": 1}, "label"),
    ],
)
def test_a_contradiction_is_refused_and_names_its_culprit(data: dict[str, Any], blamed: str) -> None:
    with pytest.raises(ManifestError, match=blamed):
        manifest.parse(data)


def test_an_unreadable_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ManifestError):
        manifest.load(tmp_path / "absent.json")
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(ManifestError):
        manifest.load(tmp_path / "broken.json")


def test_references_become_addresses() -> None:
    assert manifest.expand("http://$(ip web):80/$(ip web)", {"web": "10.0.0.2"}) == "http://10.0.0.2:80/10.0.0.2"
    assert manifest.expand("$HOME $(id)", {}) == "$HOME $(id)"


def test_a_reference_to_nobody_is_refused() -> None:
    with pytest.raises(ManifestError):
        manifest.expand("$(ip db)", {"web": "10.0.0.2"})
