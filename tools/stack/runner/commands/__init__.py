"""What people and Bazel run: stack_test, stack_up, stack_down, stack_restart, stack_logs, hygiene tests."""
