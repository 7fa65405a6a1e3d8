"""Whether the files of the configuration have changed since they were read last. They are looked at, not listened to:
that works on every file system, and an editor's half-written file is left alone until it has come to rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

State = frozenset[tuple[str, int, int, int]]  # of each file: name, inode, time of change in ns, size

_FILES = ("*.yaml", "rules/*.yaml", "concepts/*.yaml")


class ConfigWatch:
    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._read = self._last = self._state()

    def reading(self) -> None:
        """To be told before the files are read: what changes while they are is a change."""
        self._read = self._last = self._state()

    def has_changed(self) -> bool:
        """Whether they are to be read again: they have changed, and rest since they were looked at last."""
        before, self._last = self._last, self._state()
        return self._last not in (self._read, frozenset()) and self._last == before

    def _state(self) -> State:
        """Empty when nothing is there, as for a moment while a directory is replaced, or nothing can be looked at."""
        try:
            return frozenset(self._found())
        except OSError:  # no descriptor is free
            return frozenset()

    def _found(self) -> Iterator[tuple[str, int, int, int]]:
        for pattern in _FILES:
            for file in self._directory.glob(pattern):
                try:
                    status = file.stat()
                except OSError:  # it went away just now
                    continue
                yield str(file), status.st_ino, status.st_mtime_ns, status.st_size
