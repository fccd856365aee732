"""A way to start vLLM, as a stack of its own."""

load("//e2e:stack.bzl", "vllm")
load("//tools/stack:defs.bzl", "stack", "stack_test")

def variant(name, snapshot = True, **kwargs):
    """Declares a stack_test of that name: vLLM, and a test that asks it for a few words, since what is ready must serve.

    Args:
      name: of the test.
      snapshot: as in `service`.
      **kwargs: how this vLLM differs, as attributes of `service`.
    """
    vllm(
        name = name + ".vllm",
        testonly = True,
        service_name = "vllm",
        snapshot = snapshot,
        # As in the stacks of the end-to-end tests.
        user = "0:0",
        **kwargs
    )
    stack(
        name = name + ".stack",
        testonly = True,
        services = [name + ".vllm"],
    )
    stack_test(
        name = name,
        args = [
            "-p",
            "no:cacheprovider",
            "/answers",
        ],
        image = "//images:tests",
        mounts = {"test_answers.py": "/answers/test_answers.py"},
        outputs = "/outputs",
        stack = name + ".stack",
        # The benchmark runs it.
        tags = ["manual"],
    )
