"""Fetch htmx at set-up: one file out of the django-htmx wheel, its hash pinned here."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

WHEEL = "django-htmx==1.29.0"
MEMBER = "htmx-2.min.js"
SHA256 = "71ea67185bfa8c98c39d31717c6fce5d852370fcdfd129db4543774d3145c0de"
TARGET = Path(__file__).resolve().parent.parent / "web" / "static" / "vendor" / "htmx.min.js"


def fetch() -> None:
    """Put htmx where the pages look for it; a file of another hash is refused."""
    if TARGET.exists() and hashlib.sha256(TARGET.read_bytes()).hexdigest() == SHA256:
        return
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        subprocess.run([*command, "--only-binary=:all:", "--dest", folder, WHEEL], check=True)
        wheel = next(Path(folder).glob("*.whl"))
        with zipfile.ZipFile(wheel) as archive:
            name = next(n for n in archive.namelist() if n.endswith(MEMBER))
            script = archive.read(name)
    if hashlib.sha256(script).hexdigest() != SHA256:
        raise SystemExit(f"{MEMBER} of {WHEEL} is not the file that was pinned; nothing was installed.")
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_bytes(script)


if __name__ == "__main__":
    fetch()
