"""The macro `hygiene_tests`."""

load("@rules_python//python:py_test.bzl", "py_test")
load(":program.bzl", "program")
load(":stack.bzl", "manifest")
load(":stack_test.bzl", "CONTAINER_TAGS")

def hygiene_tests(name, stack, services, busy_cpus = 1, tags = [], size = "medium", testonly = True, **kwargs):
    """Tests what every service owes its stack, each by itself.

    For each service there is a test `SERVICE_hygiene_test`: alone with what it needs the service starts, becomes ready
    within its `ready_timeout`, and ends by SIGTERM within its `stop_timeout`; a task, by itself. Nothing else of the
    stack is built for it.

    Args:
      name: of the test suite that holds them.
      stack: the `stack` that they are from.
      services: names of services, of a service with replicas one of these.
      busy_cpus: how many CPUs Bazel should count as taken while such a test runs.
      tags: added to those that the tests need.
      size: of each test, which sets its time-out.
      testonly: as for every test.
      **kwargs: other attributes of py_test, such as `timeout` and `flaky`.
    """
    for service in services:
        test = service + "_hygiene_test"
        manifest(
            name = test + ".manifest",
            testonly = testonly,
            only = service,
            stack = stack,
            tags = ["manual"],
            visibility = ["//visibility:private"],
        )
        program(
            py_test,
            name = test,
            testonly = testonly,
            size = size,
            command = "hygiene",
            manifest = test + ".manifest",
            args = [service],
            tags = CONTAINER_TAGS + ["resources:cpu:{}".format(busy_cpus)] + tags,
            **kwargs
        )
    native.test_suite(
        name = name,
        testonly = testonly,
        # A suite would run tests that are to run only by name.
        tags = ["manual"] if "manual" in tags else [],
        tests = [service + "_hygiene_test" for service in services],
    )
