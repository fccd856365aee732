"""What the rules write is what the runner reads."""

load("//tools/python:pytest.bzl", "pytest_test")
load("//tools/stack:defs.bzl", "http_probe", "hygiene_tests", "service", "stack", "stack_compose", "stack_up")

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
        volume_size = "8m",
        volumes = ["/kept"],
    )
    service(
        name = name + ".worker",
        testonly = True,
        args = [
            "--me=$(ip worker)",
            "--db=$(ip db)",
        ],
        env = {"SELF": "$(ip worker)"},
        image = "BUILD.bazel",
        replicas = 2,
        service_name = "worker",
    )
    service(
        name = name + ".crowd",
        testonly = True,
        args = ["--first=$(ip worker-1)"],
        image = "BUILD.bazel",
        needs = [
            "db",
            "worker",
        ],
        service_name = "crowd",
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
            name + ".crowd",
            name + ".db",
            name + ".web",
            name + ".worker",
        ],
    )
    stack_up(
        name = name + ".up",
        testonly = True,
        down = name + ".down",
        publish = {"web:http": 8080},
        stack = name + ".stack",
    )
    stack_compose(
        name = name + ".compose",
        testonly = True,
        healthchecks = {"db": ["/bin/check", "--all"]},
        stack = name + ".stack",
    )
    hygiene_tests(
        name = name + ".hygiene",
        services = ["crowd"],
        stack = name + ".stack",
        tags = ["manual"],  # Only its manifest is looked at.
    )
    pytest_test(
        name = name,
        size = "small",
        srcs = ["test_manifest_of_rules.py"],
        data = [
            name + ".compose.manifest",
            name + ".up.manifest",
            "crowd_hygiene_test.manifest",
        ],
        env = {
            "COMPOSE_MANIFEST": "$(rlocationpath {}.compose.manifest)".format(name),
            "HYGIENE_MANIFEST": "$(rlocationpath crowd_hygiene_test.manifest)",
            "MANIFEST": "$(rlocationpath {}.up.manifest)".format(name),
        },
        deps = ["//tools/stack/runner"],
    )
