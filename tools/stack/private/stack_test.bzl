"""The macro `stack_test`."""

load("@rules_python//python:py_test.bzl", "py_test")
load(":program.bzl", "program")
load(":service.bzl", "service")
load(":stack.bzl", "manifest")

CONTAINER_TAGS = [
    # podman makes namespaces and mounts, which Bazel's sandbox does not let it do. Unlike `local` this leaves the
    # result cacheable.
    "no-sandbox",
    # It needs this machine's podman; its result may come from a remote cache all the same.
    "no-remote-exec",
]

def stack_test(
        name,
        stack,
        image,
        command = [],
        args = [],
        env = {},
        mounts = {},
        tmpfs = [],
        secrets = {},
        secret_files = {},
        outputs = "",
        faults = False,
        starts_early = None,
        memory = "",
        cpus = "",
        user = "",
        busy_cpus = 2,
        up = None,
        down = None,
        tags = [],
        size = "large",
        testonly = True,
        **kwargs):
    """Runs a stack, and pytest in a container of its own beside it.

    `bazel run NAME -- --attach` runs the tests against the stack that a `stack_up` has brought up, in seconds;
    `-- --help` has all that a person can ask for.

    The test passes when at least one case ran and none failed. Its XML is pytest's; its outputs hold each container's
    log and state, timeline.json and summary.txt. `--test_filter` is pytest's `-k` (or a node id), `--test_arg` goes to
    pytest. With `shard_count` each shard runs its part of the cases against a stack of its own. The result is cached
    like any other.

    Args:
      name: of the test.
      stack: the `stack` to run.
      image: an OCI layout directory whose entry point is pytest.
      command: replaces the image's entry point.
      args: pytest's arguments, such as the directory of the tests in the image.
      env: environment variables of the tests' container. `$(ip SERVICE)` works as in `service`.
      mounts: as in `service`.
      tmpfs: as in `service`.
      secrets: as in `service`.
      secret_files: as in `service`.
      outputs: as in `service`; it lands in `outputs/tests`.
      faults: whether the tests may kill, stop, pause, and cut off services: `//tools/stack/faults` is how.
      starts_early: whether the tests' container starts beside the services: pytest and the conftest files are loaded while
        the services start, and wait until all are ready. That wants pytest as the entry point, and conftest files that
        ask no service while they are imported. Without a word it does unless there is a `command`.
      memory: as in `service`.
      cpus: as in `service`.
      user: as in `service`.
      busy_cpus: how many CPUs Bazel should count as taken while the test (or each shard of it) runs; 0.5, where it waits
        most of the time.
      up: the `stack_up` of the same stack, which `--attach` names where the stack is not up.
      down: its `stack_down`, which `--keep` names where the stack stays up.
      tags: added to those that the test needs.
      size: of the test, which sets its time-out.
      testonly: as for every test.
      **kwargs: other attributes of py_test, such as `timeout`, `flaky`, `shard_count` and `visibility`.
    """
    container = name + ".tests"
    service(
        name = container,
        testonly = testonly,
        args = args,
        command = command,
        cpus = cpus,
        env = env,
        image = image,
        memory = memory,
        mounts = mounts,
        outputs = outputs,
        secret_files = secret_files,
        secrets = secrets,
        service_name = "tests",
        tags = ["manual"],
        tmpfs = tmpfs,
        user = user,
        visibility = ["//visibility:private"],
    )
    manifest(
        name = name + ".manifest",
        testonly = testonly,
        down = down,
        faults = faults,
        stack = stack,
        tags = ["manual"],
        tests = container,
        tests_start_early = not command if starts_early == None else starts_early,
        up = up,
        visibility = ["//visibility:private"],
    )
    program(
        py_test,
        name = name,
        testonly = testonly,
        size = size,
        command = "test",
        manifest = name + ".manifest",
        tags = CONTAINER_TAGS + ["resources:cpu:{}".format(busy_cpus)] + tags,
        **kwargs
    )
