"""The static site: the page with the reader in JavaScript, in a folder for any web server. Needs npm and `onnx`."""

import base64
import hashlib
import json
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mnist_cnn.errors import SiteError
from mnist_cnn.files import file_in_the_way
from mnist_cnn.web import page_files

if TYPE_CHECKING:
    from mnist_cnn.read import Classifier

SECONDS = 300
"""Maximum time for npm to fetch one package."""


@dataclass(frozen=True)
class Package:
    """A package of the npm registry, at one version."""

    name: str
    version: str
    sha512: str
    """SHA-512 of the archive, base64."""
    files: dict[str, str]
    """Names in the site of the files that it needs, by their paths in the package."""


PACKAGES = (
    Package(
        "onnxruntime-web",
        "1.30.0",
        "q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ==",
        {
            "dist/ort.wasm.bundle.min.mjs": "onnxruntime.js",
            "dist/ort-wasm-simd-threaded.wasm": "ort-wasm-simd-threaded.wasm",
        },
    ),
    # The same version of OpenCV as the reader in Python.
    Package(
        "@opencvjs/web",
        "5.0.0-release.2",
        "Rdu/mJ4qeNLlqwI1D5AEltyM2zuW03Z7nejTVTSCnwiTMZXnPHfXa+SXgP6+NvVMYCl3FiINGPwF1+pXwUO3dw==",
        {"lib/opencv_js.js": "opencv.js", "LICENSE": "opencv.LICENSE.txt"},
    ),
)
_POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; "
    "style-src 'self'; img-src 'self' blob:"
)
_PARTIAL = ".site-"
_HEAD = '<meta charset="utf-8">'


def build(out: Path, model: Path | None = None) -> int:
    """Write the site into the folder `out`, which must be missing, empty or an older site. Returns its size in bytes.

    model: a model.onnx; by default the one in this package. Raises SiteError if `out` is something else, or if npm
    cannot fetch the packages; ModelError if the model is bad. An older site stays until all new files are written.
    """
    _check(out)
    _npm()
    from mnist_cnn.read import Classifier

    classifier = Classifier(model)
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=_PARTIAL, dir=out) as folder:
            names = _fill(Path(folder), classifier)
            for name in names:
                (Path(folder) / name).replace(out / name)
    except OSError as error:
        raise SiteError(f"{out}: cannot be written: {error.strerror or error}") from None
    return sum((out / name).stat().st_size for name in names)


def _check(out: Path) -> None:
    """Raise SiteError unless `out` is missing, empty or a site."""
    if out.is_dir():
        for left in out.glob(f"{_PARTIAL}*"):  # by a killed build
            shutil.rmtree(left, ignore_errors=True)
        if not any(out.iterdir()) or (out / "files.js").exists():
            return
    if out.exists() or file_in_the_way(out):
        found = "found other files" if out.is_dir() else f"but {file_in_the_way(out)} is a file"
        raise SiteError(f"{out}: expected a new or empty folder, or an older site, {found}")


def _fill(site: Path, classifier: "Classifier") -> list[str]:
    """Write all files into the folder `site`. Returns their names, index.html last."""
    from mnist_cnn.read.page import MODELS
    from mnist_cnn.web.insight import until_first_layer

    for package in PACKAGES:
        _fetch(package, site)
    for file in page_files("browser"):
        shutil.copyfile(file, site / file.name)
    index = (site / "index.html").read_text("utf-8")
    policy = f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    (site / "index.html").write_text(index.replace(_HEAD, f"{_HEAD}\n  {policy}", 1), "utf-8")
    (site / "model.onnx").write_bytes(classifier.path.read_bytes())
    for name in ("finder.onnx", "strings.onnx"):
        shutil.copyfile(MODELS / name, site / name)
    first = until_first_layer(classifier)
    if first is not None:
        (site / "first.onnx").write_bytes(first)
    (site / "model.json").write_text(json.dumps(classifier.card() | {"maps": first is not None}, indent=2) + "\n")
    names = sorted(file.name for file in site.iterdir())
    digest = hashlib.sha256(b"".join((site / name).read_bytes() for name in names)).hexdigest()[:16]
    files = json.dumps(["./", *names], indent=2)
    (site / "files.js").write_text(f'self.VERSION = "{digest}";\nself.FILES = {files};\n')
    names.remove("index.html")
    return [*names, "files.js", "index.html"]


def _npm() -> str:
    """Return the path of npm. Raises SiteError if it is not installed."""
    npm = shutil.which("npm")
    if npm is None:
        names = ", ".join(package.name for package in PACKAGES)
        raise SiteError(
            f"npm: expected on PATH to download {names}, found nothing; install Node.js (Debian: apt install npm)"
        )
    return npm


def _fetch(package: Package, site: Path) -> None:
    """Fetch a package with npm, or from npm's cache, and write its files. Raises SiteError if that fails."""
    wanted = f"{package.name}@{package.version}"
    with tempfile.TemporaryDirectory(prefix="mnist-cnn-") as folder:
        command = [_npm(), "pack", wanted, "--prefer-offline", "--ignore-scripts", "--loglevel=error"]
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=SECONDS)
        except subprocess.TimeoutExpired:
            raise SiteError(
                f"npm: expected {wanted} within {SECONDS} s, found no answer; check the network and rerun the command"
            ) from None
        archives = list(Path(folder).glob("*.tgz"))
        if done.returncode or not archives:
            lines = [line for line in done.stderr.splitlines() if line.strip()] or ["nothing"]
            raise SiteError(f"npm: expected {wanted}, found: {lines[0][:200]}")
        content = archives[0].read_bytes()
        found = base64.b64encode(hashlib.sha512(content).digest()).decode()
        if found != package.sha512:
            raise SiteError(f"npm: expected the archive of {wanted} with sha512 {package.sha512}, found {found}")
        with tarfile.open(archives[0]) as archive:
            for name, new in package.files.items():
                member = archive.extractfile(f"package/{name}")
                assert member  # noqa: S101  # its checksum is known
                with (site / new).open("wb") as file:
                    shutil.copyfileobj(member, file)
