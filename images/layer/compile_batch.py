"""Compile one batch of Python sources; see bytecode.py, which runs this in a fresh interpreter.

In: marshal's form of a list of (path, source). Out: of a list with each one's .pyc, or None.
"""

import marshal
import sys
from importlib._bootstrap_external import _code_to_hash_pyc  # type: ignore[attr-defined]
from importlib.util import source_hash


def pyc(path: str, source: bytes) -> bytes | None:
    """The unchecked-hash .pyc of a source, or None when it is no valid Python."""
    try:
        code = compile(source, path, "exec", dont_inherit=True, optimize=0)
    except (SyntaxError, ValueError):
        return None
    return bytes(_code_to_hash_pyc(code, source_hash(source), False))


if __name__ == "__main__":
    batch = marshal.loads(sys.stdin.buffer.read())  # noqa: S302, from our parent
    sys.stdout.buffer.write(marshal.dumps([pyc(path, source) for path, source in batch]))
