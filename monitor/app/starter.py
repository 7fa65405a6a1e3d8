"""The configuration that a new user starts from: `config/` of the source tree, packaged with the program."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def starter_directory() -> Path:
    """In a wheel it lies inside the package; in a source tree (editable install) beside it."""
    packaged = _PACKAGE / "starter"
    return packaged if packaged.is_dir() else _PACKAGE.parent / "config"
