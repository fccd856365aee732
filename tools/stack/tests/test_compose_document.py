"""What a manifest means as a compose file."""

from __future__ import annotations

from typing import Any

import pytest

from tools.stack.runner import manifest
from tools.stack.runner.compose.document import Names, document, image_reference, project
from tools.stack.tests import samples

NAMES = Names({"image": "localhost/image:1"}, {"a/b": "mounts/a/b"})
HTTP = {"kind": "http", "port": "http"}


def compose(*services: dict[str, Any], **attributes: Any) -> dict[str, Any]:
    return document(manifest.parse(samples.manifest(*services, **attributes)), NAMES)


def only(service: dict[str, Any], **attributes: Any) -> dict[str, Any]:
    entry: dict[str, Any] = compose({"name": "web", **service}, **attributes)["services"]["web"]
    return entry


def test_every_container_is_locked_down_as_in_the_harness() -> None:
    entry = only({})
    assert entry["read_only"]
    assert entry["cap_drop"] == ["ALL"]
    assert "no-new-privileges" in entry["security_opt"]
    assert entry["pull_policy"] == "never"
    assert entry["hostname"] == "web"


def test_what_is_not_declared_is_left_to_the_image() -> None:
    assert not only({}).keys() & {"entrypoint", "command", "environment", "user", "healthcheck", "ports", "mem_limit"}


def test_attributes_have_their_counterparts() -> None:
    entry = only(
        {
            "command": ["/bin/web"],
            "args": ["--verbose"],
            "env": {"MODE": "test"},
            "memory": "64m",
            "cpus": "1.5",
            "shm_size": "1m",
            "user": "1:1",
            "stop_timeout": 3,
            "tmpfs": ["/data", "/small:size=1m"],
        }
    )
    assert (entry["entrypoint"], entry["command"], entry["environment"]) == (
        ["/bin/web"],
        ["--verbose"],
        {"MODE": "test"},
    )
    assert (entry["mem_limit"], entry["cpus"], entry["shm_size"], entry["user"]) == ("64m", "1.5", "1m", "1:1")
    assert entry["stop_grace_period"] == "3s"
    assert entry["tmpfs"] == ["/data:mode=1777", "/small:size=1m"]


def test_it_waits_for_the_health_of_what_has_a_probe_and_for_the_start_of_what_has_none() -> None:
    probed, silent = {"name": "a", "ports": {"http": 80}, "probe": HTTP}, {"name": "b"}
    services = compose(probed, silent, {"name": "c", "needs": ["a", "b"]})["services"]
    assert services["c"]["depends_on"] == {"a": {"condition": "service_healthy"}, "b": {"condition": "service_started"}}
    assert "healthcheck" in services["a"]
    assert "healthcheck" not in services["b"]


def test_it_waits_for_the_end_of_a_task_and_cannot_ask_a_log() -> None:
    task, talker = {"name": "a", "task": True}, {"name": "b", "probe": {"kind": "log", "pattern": "ready"}}
    services = compose(task, talker, {"name": "c", "needs": ["a", "b"]})["services"]
    assert services["c"]["depends_on"] == {
        "a": {"condition": "service_completed_successfully"},
        "b": {"condition": "service_started"},
    }


def test_a_probe_may_fail_for_as_long_as_in_the_harness() -> None:
    assert only({"ports": {"http": 80}, "probe": HTTP, "ready_timeout": 240})["healthcheck"]["start_period"] == "240s"


def test_another_command_takes_the_place_of_a_probe() -> None:
    entry = only({"ports": {"http": 80}, "probe": HTTP}, healthchecks={"web": ["/bin/check", "$HOME"]})
    assert entry["healthcheck"]["test"] == ["CMD", "/bin/check", "$$HOME"]


def test_ports_are_published_on_this_machine_only() -> None:
    assert only({"ports": {"http": 80}}, publish={"web:http": 8080})["ports"] == ["127.0.0.1:8080:80"]


def test_a_reference_is_the_address_that_the_other_service_has() -> None:
    file = compose({"name": "a"}, {"name": "b", "args": ["--peer=$(ip a):1"], "env": {"SELF": "$(ip b)"}})
    addresses = {name: entry["networks"]["default"]["ipv4_address"] for name, entry in file["services"].items()}
    assert len(set(addresses.values())) == 2
    assert file["services"]["b"]["command"] == [f"--peer={addresses['a']}:1"]
    assert file["services"]["b"]["environment"] == {"SELF": addresses["b"]}
    subnet = file["networks"]["default"]["ipam"]["config"][0]["subnet"].removesuffix(".0/24")
    assert all(address.startswith(f"{subnet}.") for address in addresses.values())


def test_without_references_podman_gives_the_addresses() -> None:
    file = compose({"name": "a"})
    assert "networks" not in file["services"]["a"]
    assert "ipam" not in file["networks"]["default"]


def test_compose_replaces_nothing_in_our_texts() -> None:
    entry = only({"args": ["$HOME", "${X}", "$(date)"], "env": {"PRICE": "5$"}})
    assert entry["command"] == ["$$HOME", "$${X}", "$$(date)"]
    assert entry["environment"] == {"PRICE": "5$$"}


def test_mounts_are_read_only_and_outputs_are_not() -> None:
    entry = only({"mounts": [{"source": "a/b", "target": "/b"}], "outputs": "/out"})
    assert entry["volumes"] == [
        {"type": "bind", "source": "./mounts/a/b", "target": "/b", "read_only": True},
        {"type": "bind", "source": "./outputs/web", "target": "/out"},
    ]


def test_each_volume_has_a_name_of_its_own() -> None:
    file = compose({"name": "a", "volumes": ["/x", "/y"]}, {"name": "b", "volumes": ["/x"]})
    sources = [volume["source"] for entry in file["services"].values() for volume in entry["volumes"]]
    assert len(set(sources)) == 3
    assert set(file["volumes"]) == set(sources)


def test_secrets_and_templates_are_files_at_their_paths() -> None:
    secrets = {"secrets": {"key": "/run/key"}, "secret_files": {"/etc/a.conf": "pass {key}"}}
    file = compose({"name": "a", **secrets}, {"name": "b", **secrets})
    for entry in file["services"].values():
        assert [secret["target"] for secret in entry["secrets"]] == ["/run/key", "/etc/a.conf"]
        assert {secret["source"] for secret in entry["secrets"]} <= file["secrets"].keys()
    assert len(file["secrets"]) == 3  # One key; a template may differ between services.


def test_the_check_of_a_password_is_given_that_password() -> None:
    probe = {"kind": "redis", "port": "redis", "password": "key"}
    entry = only({"ports": {"redis": 1}, "probe": probe, "secret_files": {"/etc/a.conf": "pass {key}"}})
    (path,) = [secret["target"] for secret in entry["secrets"] if secret["source"] == "key"]
    assert f"$$(<{path})" in entry["healthcheck"]["test"][-1]


def test_a_check_for_another_service_asks_that_one() -> None:
    head = {"name": "head", "ports": {"gcs": 6379}}
    worker = {"name": "worker", "probe": {"kind": "ray", "port": "gcs", "nodes": 2, "at": "head"}}
    entry = compose(head, worker)["services"]["worker"]
    assert '"head"' in entry["healthcheck"]["test"][-1]
    assert any(volume["target"] == "/healthcheck.pyz" for volume in entry["volumes"])


@pytest.mark.parametrize(
    ("label", "name"), [("//e2e:stack", "e2e-stack"), ("@@other~//:stack", "other-stack"), ("//A/b_c:d", "a-b-c-d")]
)
def test_the_project_goes_by_the_label(label: str, name: str) -> None:
    assert project(label) == name


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("//images:redis", "localhost/images/redis:0123456789ab"),
        ("@@other~//:web.Image_2", "localhost/other/web.image_2:0123456789ab"),
        ("//a__b:-c-", "localhost/a/b/c:0123456789ab"),
    ],
)
def test_an_image_is_named_for_its_label_and_content(label: str, name: str) -> None:
    assert image_reference(label, "0123456789abcdef") == name
