"""Make the picture of the page that README shows, docs/pictures/draw.png: a screenshot of the test that draws a number.

python docs/draw.py        needs Chromium
"""

import subprocess
import sys
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[1]


def main() -> None:
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "tests/test_page.py", "-k", "explained"], cwd=ROOT, check=True
    )
    shot = Image.open(ROOT / "runs/screenshots/number.png").convert("RGB")
    shot.quantize(128).save(ROOT / "docs/pictures/draw.png", optimize=True)


if __name__ == "__main__":
    main()
