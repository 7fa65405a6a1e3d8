"""The rules of a configuration directory as they were in a git revision. The only file that runs git.

Nothing is checked out, and git is never given to a shell: it writes an archive, of which only rule and concept files
are taken, by their names.
"""

from __future__ import annotations

import shutil
import subprocess
import tarfile
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO

from monitor.errors import ConfigError, Problem, Refused
from monitor.rules import schema
from monitor.rules.schema import RuleSet
from monitor.yaml_file import LARGEST_FILE

PATIENCE_SECONDS = 60
DIRECTORIES = ("rules", "concepts")
SUFFIXES = (".yaml", ".yml")


def rules_of_revision(config: Path, revision: str) -> tuple[RuleSet, str]:
    """And the commit that the revision names. Raises Refused, or ConfigError with places such as HEAD:rules/a.yaml."""
    git = shutil.which("git")
    if git is None:
        raise Refused("git is not installed here; install it, or give the old rules with --rules DIR")
    commit = _commit(git, config, revision)
    with TemporaryDirectory(prefix="news-monitor-") as directory, TemporaryFile() as archive:
        _run(git, config, "archive", "--format=tar", commit, stdout=archive)
        archive.seek(0)
        _unpack(archive, Path(directory))
        try:
            rules = schema.load(Path(directory) / "rules", Path(directory) / "concepts")
        except ConfigError as e:
            raise ConfigError(_said_of(problem, directory, revision) for problem in e.problems) from e
    return rules, commit


def _commit(git: str, config: Path, revision: str) -> str:
    try:
        # What begins with a hyphen is a revision too, and never an option.
        said = _run(git, config, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    except Refused as e:
        if str(e):
            raise
        raise Refused(f"git knows no revision {revision!r} in {config}; `git log` there names some") from e
    return said.strip()


def _run(git: str, config: Path, *arguments: str, stdout: IO[bytes] | int = subprocess.PIPE) -> str:
    """Its output, or Refused with what it complained of."""
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and the arguments are ours but for the revision
            [git, *arguments],
            cwd=config,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as e:
        raise Refused(f"git took more than {PATIENCE_SECONDS} s; give the old rules with --rules DIR") from e
    complaint = done.stderr.decode("utf-8", "replace").strip()
    if done.returncode:
        raise Refused(f"git cannot read {config}: {complaint}" if complaint else "")
    return (done.stdout or b"").decode("utf-8", "replace")


def _unpack(archive: IO[bytes], directory: Path) -> None:
    """Only plain files that a configuration would read, under names of our own making."""
    for name in DIRECTORIES:
        (directory / name).mkdir()
    with tarfile.open(fileobj=archive, mode="r:") as tar:
        for member in tar:
            path = PurePosixPath(member.name)
            wanted = len(path.parts) == 2 and path.parts[0] in DIRECTORIES and path.suffix in SUFFIXES
            if wanted and member.isfile() and (content := tar.extractfile(member)) is not None:
                # One byte more than is allowed is left for the reader to complain of.
                (directory / path.parts[0] / path.parts[1]).write_bytes(content.read(LARGEST_FILE + 1))


def _said_of(problem: Problem, directory: str, revision: str) -> Problem:
    return Problem(
        problem.file.replace(f"{directory}/", f"{revision}:"),
        problem.line,
        problem.message.replace(f"{directory}/", f"{revision}:"),
        problem.column,
    )
