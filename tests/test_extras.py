"""Extras: a command needs only the packages of its own extra."""

import subprocess
import sys
from pathlib import Path

CODE = """
import sys
from pathlib import Path

WEB = {"fastapi", "multipart", "prometheus_client", "pydantic", "python_multipart", "starlette", "uvicorn"}

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in WEB:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())
try:
    import fastapi
except ModuleNotFoundError:
    from mnist_cnn.web.site import build
    print(build(Path(sys.argv[1])))
"""


def test_the_site_is_built_without_the_packages_of_the_server(tmp_path: Path) -> None:
    command = [sys.executable, "-c", CODE, str(tmp_path / "site")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    size = sum(file.stat().st_size for file in (tmp_path / "site").iterdir())
    assert int(done.stdout) == size > 10_000_000
    assert (tmp_path / "site/first.onnx").exists()
