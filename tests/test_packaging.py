"""What the package asks for is what it uses."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
IMPORTED_AS = {"PyYAML": "yaml"}
NEEDED_BY_ANOTHER = {"lxml_html_clean"}  # trafilatura imports it and does not ask for it


def test_every_dependency_is_imported() -> None:
    """A library that nothing imports is not installed on every user's machine."""
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    names = {re.split(r"[<>=]", line)[0] for line in asked} - NEEDED_BY_ANOTHER
    sources = "\n".join(path.read_text("utf-8") for path in (ROOT / "monitor").rglob("*.py"))
    imported = set(re.findall(r"^\s*(?:from|import) (\w+)", sources, re.MULTILINE))
    modules = {name: IMPORTED_AS.get(name, name.lower().replace("-", "_")) for name in names}
    assert set() == {name for name, module in modules.items() if module not in imported}


def test_the_lock_names_every_dependency() -> None:
    """Whoever installs with the lock gets tested versions, and nothing else."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = {re.split(r"[<>=]", line)[0] for line in project["dependencies"] + project["optional-dependencies"]["dev"]}
    locked = {line.partition("==")[0] for line in (ROOT / "requirements.lock").read_text().splitlines()}
    assert {re.sub(r"[-_.]+", "-", name.lower()) for name in asked} <= locked
