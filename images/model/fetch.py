"""Fetch the files of a Hugging Face model: `fetch.py --repo R --revision SHA --file NAME=SHA256 …`.

HF_TOKEN is used for models that ask for one, HF_ENDPOINT where another hub serves; Bazel hands them
to the action when told so: `--action_env=HF_TOKEN`.
"""

import argparse
import hashlib
import os
import shutil
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

from huggingface_hub import constants, hf_hub_download
from huggingface_hub.errors import EntryNotFoundError, GatedRepoError, RepositoryNotFoundError


class FetchError(Exception):
    """A file could not be had, or is not the one that was asked for; the text says what to do."""


def require_hub() -> None:
    """Raise FetchError when no hub answers: the library would try for half a minute, for each file."""
    try:
        urllib.request.urlopen(_endpoint(), timeout=20).close()  # noqa: S310 - https but for tests
    except urllib.error.HTTPError:
        return
    except OSError as error:
        raise FetchError(f"no hub answers at {_endpoint()}: {getattr(error, 'reason', error)}") from error


def fetch(repo: str, revision: str, name: str, sha256: str, output: Path, work: Path) -> None:
    """Fetch one file of a revision into `output`, which has it only when the hash is right."""
    try:
        path = hf_hub_download(
            repo,
            name,
            revision=revision,
            local_dir=work,
            endpoint=_endpoint(),
            token=os.environ.get("HF_TOKEN") or False,
        )
    except (GatedRepoError, RepositoryNotFoundError) as error:
        hint = (
            "the hub does not accept HF_TOKEN for it"
            if os.environ.get("HF_TOKEN")
            else "it does not exist or needs a token: set HF_TOKEN and give Bazel --action_env=HF_TOKEN"
        )
        raise FetchError(f"{repo}: {hint}") from error
    except EntryNotFoundError as error:
        raise FetchError(f"{repo}@{revision} has no {name}") from error
    except Exception as error:
        raise FetchError(f"{repo}: {name} could not be fetched: {_reason(error)}") from error
    found = _sha256(Path(path))
    if found != sha256:
        raise FetchError(f"{repo}@{revision}: {name} has SHA-256 {found}, expected {sha256}")
    shutil.move(path, output / name)


def _endpoint() -> str:
    return os.environ.get("HF_ENDPOINT") or constants.ENDPOINT


def _reason(error: BaseException) -> str:
    """The innermost cause, in one line."""
    while error.__cause__ is not None:
        error = error.__cause__
    return " ".join(str(error).split()) or type(error).__name__


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repo", required=True, help="such as facebook/opt-125m")
    parser.add_argument("--revision", required=True, help="a commit of it")
    parser.add_argument("--file", action="append", required=True, metavar="NAME=SHA256")
    parser.add_argument("--add", action="append", default=[], metavar="NAME=FILE")
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args(arguments)
    options.output.mkdir(parents=True, exist_ok=True)
    try:
        require_hub()
        with tempfile.TemporaryDirectory(dir=options.output.parent) as work:
            for pair in options.file:
                name, _, sha256 = pair.partition("=")
                fetch(options.repo, options.revision, name, sha256, options.output, Path(work))
    except FetchError as error:
        print(f"fetch: {error}", file=sys.stderr)
        return 1
    for pair in options.add:
        name, _, file = pair.partition("=")
        shutil.copyfile(file, options.output / name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
