"""The units for systemd, with the paths of this installation in the place of the usual ones."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from monitor.errors import Refused

PROGRAM, CONFIG = "/opt/news-monitor/bin/news-monitor", "${CONFIGURATION_DIRECTORY}"
_PACKAGE = Path(__file__).resolve().parent.parent
_HOMES = (Path("/home"), Path("/root"))
_OUT_OF_SIGHT = (Path("/tmp"), Path("/var/tmp"), Path("/run/user"))  # noqa: S108 - not ours to write to: not to be used


def units(program: Path, config: Path, user: str | None) -> Mapping[str, str]:
    """The text of each unit file. `user`: None takes one that is there while the service is.

    Raises Refused for paths that the service could not see.
    """
    for path in (program, config):
        if any(path.is_relative_to(hidden) for hidden in _OUT_OF_SIGHT):
            raise Refused(f"{path}: a service does not see this place; install under /opt, configure under /etc")
    lines = {f"{PROGRAM} --config {CONFIG}": f"{_quoted(program)} --config {_quoted(config)}"}
    if config != Path("/etc/news-monitor"):
        lines["ConfigurationDirectory=news-monitor\n"] = ""
    if user is not None:
        lines["User=news-monitor\nDynamicUser=yes\n"] = f"User={user}\n"
    if any(path.is_relative_to(home) for path in (program, config) for home in _HOMES):
        lines["ProtectHome=yes"] = "ProtectHome=read-only"
    return {path.name: _replaced(path.read_text("utf-8"), lines) for path in sorted(unit_directory().iterdir())}


def unit_directory() -> Path:
    """In a wheel it lies inside the package; in a source tree (editable install) beside it."""
    packaged = _PACKAGE / "units"
    return packaged if packaged.is_dir() else _PACKAGE.parent / "systemd"


def _replaced(text: str, lines: Mapping[str, str]) -> str:
    for before, after in lines.items():
        text = text.replace(before, after)
    return text


def _quoted(path: Path) -> str:
    """As systemd.service(5) reads a command line: in quotes, with its specifiers and variables made plain."""
    text = str(path).replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return text if text.replace("/", "").replace("-", "").replace(".", "").replace("_", "").isalnum() else f'"{text}"'
