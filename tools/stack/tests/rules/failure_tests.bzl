"""What `stack`, `service` and `stack_up` refuse when Bazel analyses them, and that the line names who is to blame."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load("//tools/stack:defs.bzl", "http_probe", "hygiene_tests", "log_probe", "ray_probe", "redis_probe", "service", "stack", "stack_compose", "stack_up")

def _refused_impl(ctx):
    env = analysistest.begin(ctx)
    for fact in ctx.attr.facts:
        asserts.expect_failure(env, fact)
    return analysistest.end(env)

_refused_test = analysistest.make(
    _refused_impl,
    attrs = {"facts": attr.string_list(mandatory = True)},
    expect_failure = True,
)

# Each case: services, by name, with what differs from an ordinary one; and what the line must contain.
_STACKS = {
    "circle": ({"a": {"needs": ["b"]}, "b": {"needs": ["c"]}, "c": {"needs": ["a"]}, "d": {}}, ["a -> b -> c -> a"]),
    "circle_behind_others": ({"a": {"needs": ["b"]}, "b": {"needs": ["c"]}, "c": {"needs": ["b"]}}, ["b -> c -> b"]),
    "needs_itself": ({"a": {"needs": ["a"]}}, ["a -> a"]),
    "probe_at_unknown": ({"a": {"probe": ray_probe(port = "gcs", at = "head")}}, ["'a'", "'head'"]),
    "probe_at_unknown_port": ({"a": {"probe": ray_probe(port = "gcs", at = "b")}, "b": {}}, ["'a'", "'gcs'", "'b'", "main"]),
    "probe_with_unknown_secret": (
        {"a": {"probe": redis_probe(password = "key", port = "main")}, "b": {"secrets": {"key": "/run/key"}}},
        ["'a'", "'key'"],
    ),
    "replica_has_the_name_of_another": ({"a": {"replicas": 2}, "b": {"service_name": "a-2"}}, ["'a-2'"]),
    "replica_needs_itself": ({"a": {"needs": ["a"], "replicas": 2}}, ["a-1 ->"]),
    "same_name": ({"a": {}, "b": {"service_name": "a"}}, ["'a'"]),
    "unknown_address_in_args": ({"a": {"args": ["--peer=$(ip b):1"]}}, ["'a'", "$(ip b)"]),
    "unknown_address_in_env": ({"a": {"env": {"PEER": "$(ip b)"}}}, ["'a'", "$(ip b)"]),
    "unknown_replica": ({"a": {"replicas": 2}, "b": {"args": ["$(ip a)"]}}, ["'b'", "$(ip a)", "a-1, a-2"]),
    "unknown_need": ({"a": {"needs": ["b"]}, "c": {}}, ["'a'", "'b'", "a, c"]),
}

_SERVICES = {
    "mount_not_absolute": ({"mounts": {"BUILD.bazel": "here"}}, ["BUILD.bazel", "'here'"]),
    "port_not_a_number": ({"ports": {"http": "eighty"}}, ["'http'", "'eighty'"]),
    "port_too_large": ({"ports": {"http": 65536}}, ["'http'", "65536"]),
    "outputs_not_absolute": ({"outputs": "here"}, ["'here'"]),
    "probe_of_unknown_port": ({"probe": http_probe(port = "http")}, ["'http'", "main"]),
    "replicas_none": ({"replicas": 0}, ["replicas", "0"]),
    "secret_name": ({"secrets": {"Key": "/run/key"}}, ["'Key'"]),
    "secret_not_absolute": ({"secrets": {"key": "key"}}, ["'key'"]),
    "snapshot_of_a_task": ({"snapshot": True, "task": True}, ["snapshot", "task"]),
    "snapshot_of_what_needs_another": ({"needs": ["b"], "probe": http_probe(port = "main"), "snapshot": True}, ["snapshot", "needs"]),
    "snapshot_with_address": ({"args": ["$(ip b)"], "probe": http_probe(port = "main"), "snapshot": True}, ["snapshot", "address"]),
    "snapshot_with_log_probe": ({"probe": log_probe("ready"), "snapshot": True}, ["snapshot", "log"]),
    "snapshot_with_outputs": ({"outputs": "/out", "probe": http_probe(port = "main"), "snapshot": True}, ["snapshot", "outputs"]),
    "snapshot_with_probe_of_another": ({"probe": ray_probe(port = "gcs", at = "b"), "snapshot": True}, ["snapshot", "another service"]),
    "snapshot_with_secrets": ({"probe": http_probe(port = "main"), "secrets": {"key": "/run/key"}, "snapshot": True}, ["snapshot", "secrets"]),
    "snapshot_with_volumes": ({"probe": http_probe(port = "main"), "snapshot": True, "volumes": ["/data"]}, ["snapshot", "volumes"]),
    "snapshot_without_probe": ({"snapshot": True}, ["snapshot", "probe"]),
    "task_with_probe": ({"probe": http_probe(port = "main"), "task": True}, ["task"]),
    "template_without_secret": ({"secret_files": {"/run/conf": "pass {Key} { key }"}}, ["'/run/conf'"]),
    "two_things_at_one_path": ({"secrets": {"key": "/data"}, "volumes": ["/data"]}, ["'/data'"]),
    "volume_size_of_nothing": ({"volume_size": "64m"}, ["volume_size"]),
    "volume_size_without_unit": ({"volume_size": "64", "volumes": ["/data"]}, ["'64'", "64m"]),
    "volume_not_absolute": ({"volumes": ["data:ro"]}, ["'data:ro'"]),
    "volume_with_options": ({"volumes": ["/data:ro"]}, ["'/data:ro'"]),
}

_PUBLISHED = {
    "publish_unknown_port": ("a:http", ["'a'", "'http'", "main"]),
    "publish_unknown_service": ("b:main", ["'b'", "a"]),
}

def _service(name, **attributes):
    service(
        name = name,
        **(dict(image = "BUILD.bazel", ports = {"main": 80}, tags = ["manual"], testonly = True) | attributes)
    )

def failure_tests(name):
    """One test for each thing that is refused.

    Args:
      name: of the test suite that holds them.
    """
    tests = []

    for case, (services, facts) in _STACKS.items():
        for service_name, attributes in services.items():
            _service("{}.{}".format(case, service_name), **(dict(service_name = service_name) | attributes))
        stack(
            name = case,
            testonly = True,
            services = ["{}.{}".format(case, service_name) for service_name in services],
            tags = ["manual"],
        )
        tests.append(_refused(case, facts + [":" + case]))

    for case, (attributes, facts) in _SERVICES.items():
        _service(case, **attributes)
        tests.append(_refused(case, facts + [":" + case]))

    _service("published.a", service_name = "a")
    stack(
        name = "published",
        testonly = True,
        services = ["published.a"],
        tags = ["manual"],
    )
    hygiene_tests(
        name = "hygiene",
        services = ["b"],
        stack = "published",
        tags = ["manual"],
    )
    tests.append(_refused("b_hygiene_test.manifest", ["'b'", "(a)"]))
    stack_compose(
        name = "healthcheck_of_unknown_service",
        testonly = True,
        healthchecks = {"b": ["/bin/check"]},
        stack = "published",
        tags = ["manual"],
    )
    tests.append(_refused("healthcheck_of_unknown_service.manifest", ["'b'", "(a)"]))
    for case, (published, facts) in _PUBLISHED.items():
        stack_up(
            name = case,
            testonly = True,
            publish = {published: 1},
            stack = "published",
            tags = ["manual"],
        )
        tests.append(_refused(case + ".manifest", facts))

    native.test_suite(name = name, tests = tests)

def _refused(target, facts):
    name = target.removesuffix(".manifest") + "_test"
    _refused_test(name = name, facts = facts, target_under_test = target)
    return name
