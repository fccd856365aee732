import tarfile
from pathlib import Path

from images.app.pack import main


def test_code_and_data_lie_below_the_prefix_with_bytecode(tmp_path: Path) -> None:
    (tmp_path / "source").write_text("x = 1\n")
    (tmp_path / "prompt").write_text("Propose.\n")
    output = tmp_path / "layer.tar"
    files = [f"orchestrator/main.py={tmp_path}/source", f"orchestrator/prompts/propose.txt={tmp_path}/prompt"]
    arguments = ["--output", str(output), "--prefix", "app", *(f"--file={file}" for file in files)]
    assert main(arguments) == 0
    with tarfile.open(output) as layer:
        assert [member.name for member in layer if member.isfile()] == [
            "app/orchestrator/main.py",
            "app/orchestrator/prompts/propose.txt",
            "app/orchestrator/__pycache__/main.cpython-311.pyc",
        ]


def test_the_order_of_the_files_makes_no_difference(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_text(f"{name} = 1\n")
    files = [f"--file={name}.py={tmp_path}/{name}" for name in ("a", "b")]
    outputs = []
    for order in (files, files[::-1]):
        output = tmp_path / "layer.tar"
        assert main(["--output", str(output), "--prefix", "app", *order]) == 0
        outputs.append(output.read_bytes())
    assert outputs[0] == outputs[1]
