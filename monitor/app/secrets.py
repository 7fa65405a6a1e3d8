"""`${NAME}` in the configuration: an environment variable, or a systemd credential of that name."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def look_up(name: str, environment: Mapping[str, str] = os.environ) -> str | None:
    """None when it is set nowhere or empty. systemd.exec(5), $CREDENTIALS_DIRECTORY."""
    value = environment.get(name, "").strip()
    if value:
        return value
    directory = environment.get("CREDENTIALS_DIRECTORY")
    if not directory:
        return None
    try:
        return Path(directory, name).read_text("utf-8").strip() or None
    except (OSError, UnicodeDecodeError):
        return None
