"""Runs wheel.py for a repository rule."""

_PYTHON = "/usr/bin/python3.11"

# Wheels of hundreds of megabytes over a slow line.
_TIMEOUT_SECONDS = 3600

def run_tool(repository_ctx, arguments):
    """Runs wheel.py in the repository's folder and fails with its message.

    Args:
      repository_ctx: of the repository rule.
      arguments: for wheel.py.

    Returns:
      what it printed.
    """
    result = repository_ctx.execute(
        [_PYTHON, "-I", repository_ctx.path(Label(":wheel.py"))] + arguments,
        timeout = _TIMEOUT_SECONDS,
    )
    if result.return_code:
        fail(result.stderr.strip() or "{} ended with {}".format(_PYTHON, result.return_code))
    return result.stdout.strip()
