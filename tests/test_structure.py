"""Structure: each module has a file of tests that a reader finds by its name."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src/mnist_cnn"
TESTED_TOGETHER = ("commands", "__init__", "__main__")
"""The commands are tested in test_cli.py, test_read_command.py and test_docs.py."""


def test_each_module_has_tests_under_its_name() -> None:
    missing = []
    for file in sorted(PACKAGE.rglob("*.py")):
        *folders, stem = file.relative_to(PACKAGE).with_suffix("").parts
        if any(part in TESTED_TOGETHER for part in (*folders, stem)):
            continue
        names = [f"test_{stem}.py", *(f"test_{folder}_{stem}.py" for folder in folders[-1:])]
        if not any((ROOT / "tests" / name).exists() for name in names):
            missing.append(f"{file.relative_to(PACKAGE)}: expected tests/{' or tests/'.join(names)}")
    assert missing == []
