"""Make a layer with what vLLM would find out, at each start, about the models' classes.

vLLM imports a model's module in a process of its own, for eight seconds, to learn what the class
can do, and keeps the answer in VLLM_CACHE_ROOT under the module's hash: here that is done once, with
the vLLM of the image's own layers.
"""

import argparse
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from images.layer.archive import LayerWriter

PACKAGES = "usr/local/lib/python3.11/dist-packages"
LIBRARIES = "usr/lib/x86_64-linux-gnu"

# inspect_model_cls would start one more process, and import everything again, for each class.
_INSPECT = """
import sys
from vllm.model_executor.models import registry
for name in sys.argv[1:]:
    model = registry.ModelRegistry.models[name]
    path = registry.Path(registry.__file__).parent / f"{model.module_name.split('.')[-1]}.py"
    info = registry._ModelInfo.from_model_cls(model.load_model_cls())
    model._save_modelinfo_to_cache(info, model._get_modelinfo_module_hash(path))
"""


class InspectionError(Exception):
    """vLLM could not tell about a class; the text ends with what it said."""


def inspect(root: Path, architectures: list[str], cache: Path) -> None:
    """Let the vLLM that is unpacked at `root` fill its cache with what it knows of these classes."""
    environment = {
        "HOME": str(cache),
        "LD_LIBRARY_PATH": str(root / LIBRARIES),
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": str(root / PACKAGES),
        "VLLM_CACHE_ROOT": str(cache),
        "VLLM_NO_USAGE_STATS": "1",
    }
    result = subprocess.run(
        [sys.executable, "-P", "-s", "-S", "-c", _INSPECT, *architectures],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    made = len(list((cache / "modelinfos").glob("*.json")))
    if result.returncode != 0 or made != len(architectures):
        last = (result.stderr or result.stdout).strip().splitlines()[-1:]
        raise InspectionError(f"vLLM told about {made} of {architectures}: {' '.join(last)}")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--layer", type=Path, action="append", required=True, help="of the image")
    parser.add_argument("--cache", required=True, help="VLLM_CACHE_ROOT in the image")
    parser.add_argument("architectures", nargs="+", help="such as LlamaForCausalLM")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as work:
        root, cache = Path(work, "root"), Path(work, "cache")
        cache.mkdir()
        for path in options.layer:
            with tarfile.open(path) as layer:
                layer.extractall(root)  # noqa: S202 - layers of our own making
        try:
            inspect(root, options.architectures, cache)
        except InspectionError as error:
            print(f"model_infos: {error}", file=sys.stderr)
            return 1
        with LayerWriter(options.output) as layer:
            for path in sorted(cache.glob("modelinfos/*.json")):
                name = f"{options.cache.strip('/')}/modelinfos/{path.name}"
                layer.add_file(name, path.read_bytes())
    return 0


if __name__ == "__main__":
    sys.exit(main())
