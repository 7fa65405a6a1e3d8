"""A file system of the program's own, in a mount namespace where the kernel lets us have one."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

OWN_MOUNTS = ("unshare", "--user", "--map-root-user", "--mount")


def _may_mount() -> bool:
    try:
        done = subprocess.run([*OWN_MOUNTS, "mount", "-t", "tmpfs", "none", "/mnt"], check=False, capture_output=True)
    except FileNotFoundError:
        return False
    return done.returncode == 0


needs_mounts = pytest.mark.skipif(not _may_mount(), reason="needs unprivileged user namespaces (unshare)")


def on_a_disk_of(size: str, place: Path) -> Sequence[str]:
    """What goes before a command so that `place` is a disk of that size, which only that command sees."""
    place.mkdir()
    return (*OWN_MOUNTS, "sh", "-c", f'mount -t tmpfs -o size={size} none {place} && exec "$@"', "sh")


def seen_by(pid: int, path: Path) -> Path:
    """The same path as that process sees it."""
    return Path(f"/proc/{pid}/root{path}")


def beside(pid: int) -> Sequence[str]:
    """What goes before a command so that it sees the disk of that process."""
    return ("nsenter", f"--target={pid}", "--user", "--mount", "--preserve-credentials")
