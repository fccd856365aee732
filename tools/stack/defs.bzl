"""Stacks of containers for tests and people: the public face of tools/stack.

See README.md for how they run.
"""

load("//tools/stack/private:hygiene_tests.bzl", _hygiene_tests = "hygiene_tests")
load(
    "//tools/stack/private:probes.bzl",
    _exec_probe = "exec_probe",
    _grpc_probe = "grpc_probe",
    _http_probe = "http_probe",
    _jetstream_probe = "jetstream_probe",
    _log_probe = "log_probe",
    _ray_probe = "ray_probe",
    _redis_probe = "redis_probe",
    _tcp_probe = "tcp_probe",
)
load("//tools/stack/private:service.bzl", _service = "service")
load("//tools/stack/private:stack.bzl", _stack = "stack")
load("//tools/stack/private:stack_compose.bzl", _stack_compose = "stack_compose")
load("//tools/stack/private:stack_test.bzl", _stack_test = "stack_test")
load(
    "//tools/stack/private:stack_up.bzl",
    _stack_down = "stack_down",
    _stack_logs = "stack_logs",
    _stack_restart = "stack_restart",
    _stack_up = "stack_up",
)

hygiene_tests = _hygiene_tests
service = _service
stack = _stack
stack_compose = _stack_compose
stack_down = _stack_down
stack_logs = _stack_logs
stack_restart = _stack_restart
stack_test = _stack_test
stack_up = _stack_up

exec_probe = _exec_probe
grpc_probe = _grpc_probe
http_probe = _http_probe
jetstream_probe = _jetstream_probe
log_probe = _log_probe
ray_probe = _ray_probe
redis_probe = _redis_probe
tcp_probe = _tcp_probe
