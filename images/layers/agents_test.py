"""What the layer of Ray's image with our code has in it."""

import os
import tarfile
from modulefinder import ModuleFinder
from pathlib import Path

# What the domain's modules know of each other is their own affair.
_WHOLE = ("orchestrator/domain/", "orchestrator/agents/")


def test_it_has_what_the_job_imports_and_no_more(tmp_path: Path) -> None:
    with tarfile.open(os.environ["LAYER"]) as layer:
        layer.extractall(tmp_path)  # noqa: S202  # It is ours.
    app = tmp_path / "app"
    finder = ModuleFinder([str(app)])
    finder.run_script(str(app / "orchestrator/agents/__main__.py"))
    files = (vars(module)["__file__"] for module in finder.modules.values())
    reached = {Path(file) for file in files if file}
    carried = {path for path in app.rglob("*.py") if path.name != "__init__.py"}
    spare = {str(path.relative_to(app)) for path in carried - reached}
    assert {path for path in spare if not path.startswith(_WHOLE)} == set()
    absent, _ = finder.any_missing_maybe()
    missing = {name for name in absent if name.startswith(("orchestrator.", "protos."))}
    assert missing == set()
