"""The manifest of manifest_test.bzl, read by the runner."""

from __future__ import annotations

import os

from tools.stack.runner.manifest import Manifest, Mount, ProbeSpec, PublishedPort, load
from tools.stack.runner.probes import make
from tools.stack.runner.runfiles import Runfiles

RUNFILES = Runfiles.discover()


def manifest(variable: str = "MANIFEST") -> Manifest:
    return load(RUNFILES.resolve(os.environ[variable]))


def test_every_attribute_arrives() -> None:
    web = manifest().service("web")
    assert (web.args, web.command, web.env) == (("--db=$(ip db)",), ("/bin/web",), {"MODE": "test"})
    assert (web.cpus, web.memory, web.shm_size, web.user) == ("1.5", "64m", "1m", "1:1")
    assert (web.needs, web.ports, web.tmpfs) == (("db",), {"http": 8000}, ("/data",))
    assert (web.volumes, web.volume_size, web.outputs) == (("/kept",), "8m", "/outputs")
    assert (web.secrets, web.secret_files) == ({"key": "/run/key"}, {"/run/conf": "pass {key}"})
    assert (web.ready_timeout, web.stop_timeout) == (7, 3)
    assert (manifest().service("db").task, web.task) == (True, False)
    assert web.image_label == "//tools/stack/tests/rules:BUILD.bazel"


def test_the_probe_is_one_that_the_runner_has() -> None:
    probe = manifest().service("web").probe
    assert isinstance(probe, ProbeSpec)
    assert probe.options["json"] == {"status": "ok"}
    assert make(probe)


def test_the_stack_has_its_label_and_its_published_ports() -> None:
    assert manifest().label == "//tools/stack/tests/rules:manifest_test.stack"
    assert manifest().publish == (PublishedPort("web", "http", 8080),)
    assert manifest().down == "//tools/stack/tests/rules:manifest_test.down"


def test_a_health_check_takes_the_place_of_a_probe_in_a_compose_file() -> None:
    assert manifest("COMPOSE_MANIFEST").healthchecks == {"db": ("/bin/check", "--all")}


def test_replicas_are_services_of_their_own_with_their_own_addresses() -> None:
    workers = [service for service in manifest().services if service.name.startswith("worker")]
    assert [worker.name for worker in workers] == ["worker-1", "worker-2"]
    for worker in workers:
        assert worker.args == (f"--me=$(ip {worker.name})", "--db=$(ip db)")
        assert worker.env == {"SELF": f"$(ip {worker.name})"}


def test_who_needs_a_service_needs_all_its_replicas() -> None:
    assert manifest().service("crowd").needs == ("db", "worker-1", "worker-2")


def test_a_service_alone_has_with_it_what_it_needs_and_nothing_else() -> None:
    services = manifest("HYGIENE_MANIFEST").services
    assert [service.name for service in services] == ["crowd", "db", "worker-1", "worker-2"]


def test_what_it_names_is_among_the_runfiles() -> None:
    for service in manifest().services:
        assert RUNFILES.resolve(service.image).is_file()
        assert all(RUNFILES.resolve(mount.source).is_file() for mount in service.mounts)


def test_a_single_file_is_at_the_path_and_several_are_below_it() -> None:
    prefix = "_main/tools/stack/tests/rules"
    assert set(manifest().service("web").mounts) == {
        Mount(f"{prefix}/manifest_test.bzl", "/etc/one.bzl"),
        Mount(f"{prefix}/failure_tests.bzl", "/etc/several/failure_tests.bzl"),
        Mount(f"{prefix}/manifest_test.bzl", "/etc/several/manifest_test.bzl"),
    }
