"""`${NAME}` in the configuration: an environment variable, or a systemd credential of that name.

It is the only way for a secret to come in; one that stands in a file in clear is refused.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monitor.errors import Problem
from monitor.yaml_file import Place, YamlFile

REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
OPTIONAL = ("token", "app_token")  # without it there is no such thing, which may be meant
# Keys that take nothing but a reference, wherever they stand, and the places of others.
SECRETS, SECRET_PLACES = (*OPTIONAL, "secret", "password", "service"), (("heartbeat", "url"),)
NOTHING = object()  # for a key to be left out, because it is not set or because it was wrong

_IN_CLEAR = re.compile(r"xox[a-z]-|xapp-")


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


@dataclass(frozen=True, slots=True)
class Filled:
    """Data with every `${NAME}` filled in, without what could not be."""

    data: Any
    problems: tuple[Problem, ...]
    refused: frozenset[Place]  # what is left out for one of the problems
    unset: tuple[tuple[Place, Problem], ...]  # of them what is set nowhere, which may be so on purpose


def filled(file: YamlFile) -> Filled:
    """A secret that is set nowhere is no secret."""
    filler = _Filler(file)
    data = filler.fill(file.data, ())
    return Filled(
        None if data is NOTHING else data, tuple(filler.problems), frozenset(filler.refused), tuple(filler.unset)
    )


class _Filler:
    def __init__(self, file: YamlFile) -> None:
        self._file = file
        self.problems: list[Problem] = []
        self.refused: set[Place] = set()
        self.unset: list[tuple[Place, Problem]] = []

    def fill(self, value: Any, place: Place) -> Any:
        if place and (place[-1] in SECRETS or place in SECRET_PLACES) and value is not None:
            return self._secret(value, place)
        if isinstance(value, dict):
            inner = {key: self.fill(one, (*place, key)) for key, one in value.items()}
            return {key: one for key, one in inner.items() if one is not NOTHING}
        if isinstance(value, list):
            items = [self.fill(one, (*place, index)) for index, one in enumerate(value)]
            return NOTHING if NOTHING in items else items  # without one of them the others would change their places
        return self._text(value, place) if isinstance(value, str) else value

    def _secret(self, value: object, place: Place) -> object:
        name = REFERENCE.fullmatch(value) if isinstance(value, str) else None
        if name is not None:
            found = look_up(name[1])
            if found is None and place[-1] not in OPTIONAL and place not in SECRET_PLACES:
                return self._unset(place, name[1])
            return found or NOTHING
        if isinstance(value, str) and _IN_CLEAR.search(value):
            return self._in_clear(place)
        return self._refuse(
            place,
            f"{'.'.join(map(str, place))} must be the name of an environment variable or a systemd credential, "
            "as in ${SLACK_BOT_TOKEN}; a secret never stands in a file",
        )

    def _text(self, value: str, place: Place) -> object:
        if _IN_CLEAR.search(value):
            return self._in_clear(place)
        missing = [name for name in REFERENCE.findall(value) if look_up(name) is None]
        for name in missing:
            self._unset(place, name)
        return NOTHING if missing else REFERENCE.sub(lambda match: look_up(match[1]) or "", value)

    def _unset(self, place: Place, name: str) -> object:
        self._refuse(place, f"${{{name}}} is set nowhere; set it in the environment or as a systemd credential")
        self.unset.append((place, self.problems[-1]))
        return NOTHING

    def _in_clear(self, place: Place) -> object:
        return self._refuse(
            place,
            "a secret stands here in clear; put it in an environment variable or a systemd credential, "
            "and write its name as ${NAME} (and revoke this one: it has been on disk)",
        )

    def _refuse(self, place: Place, message: str) -> object:
        self.problems.append(Problem(self._file.name, self._file.line(place), message))
        self.refused.add(place)
        return NOTHING
