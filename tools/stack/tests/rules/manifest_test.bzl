"""What the rules write is what the runner reads."""

load("//tools/python:pytest.bzl", "pytest_test")
load("//tools/stack:defs.bzl", "http_probe", "service", "stack", "stack_compose", "stack_up")

def manifest_test(name):
    """Declares a stack that uses every attribute, and reads its manifest with the runner.

    Args:
      name: of the test.
    """
    service(
        name = name + ".db",
        testonly = True,
        image = "BUILD.bazel",
        service_name = "db",
        task = True,
    )
    service(
        name = name + ".web",
        testonly = True,
        args = ["--db=$(ip db)"],
        command = ["/bin/web"],
        cpus = "1.5",
        env = {"MODE": "test"},
        image = "BUILD.bazel",
        memory = "64m",
        mounts = {
            "manifest_test.bzl": "/etc/one.bzl",
            name + ".files": "/etc/several",
        },
        needs = ["db"],
        ports = {"http": 8000},
        probe = http_probe(
            json = {"status": "ok"},
            path = "/healthz",
            port = "http",
        ),
        outputs = "/outputs",
        ready_timeout = 7,
        secret_files = {"/run/conf": "pass {key}"},
        secrets = {"key": "/run/key"},
        service_name = "web",
        shm_size = "1m",
        stop_timeout = 3,
        tmpfs = ["/data"],
        user = "1:1",
        volumes = ["/kept"],
    )
    native.filegroup(
        name = name + ".files",
        srcs = [
            "failure_tests.bzl",
            "manifest_test.bzl",
        ],
    )
    stack(
        name = name + ".stack",
        testonly = True,
        services = [
            name + ".db",
            name + ".web",
        ],
    )
    stack_up(
        name = name + ".up",
        testonly = True,
        publish = {"web:http": 8080},
        stack = name + ".stack",
    )
    stack_compose(
        name = name + ".compose",
        testonly = True,
        healthchecks = {"db": ["/bin/check", "--all"]},
        stack = name + ".stack",
    )
    pytest_test(
        name = name,
        size = "small",
        srcs = ["test_manifest_of_rules.py"],
        data = [
            name + ".compose.manifest",
            name + ".up.manifest",
        ],
        env = {
            "COMPOSE_MANIFEST": "$(rlocationpath {}.compose.manifest)".format(name),
            "MANIFEST": "$(rlocationpath {}.up.manifest)".format(name),
        },
        deps = ["//tools/stack/runner"],
    )
