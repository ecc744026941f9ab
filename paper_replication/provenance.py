"""Where numbers come from: code hash, versions, machine. Beside the results, never in their key and never in the
verdicts."""

from __future__ import annotations

import ast
import hashlib
import importlib.metadata
import os
import platform
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def code_hash(modules: Sequence[str] = (), root: Path = ROOT) -> str:
    """Return 16 hex digits of the SHA-256 over all Python files that make the numbers of a run, with their paths.

    That is ``nce_ref`` without its oracle, and of this package the given ``modules`` (paths of experiments) with
    everything that they import, what makes seeds and tasks besides; the whole package where none is given.
    """
    files = {path for path in (root / "nce_ref").rglob("*.py") if "oracle" not in path.parts}
    package = root / __package__
    if modules:
        files |= imported([*modules, f"{__package__}.seeds", f"{__package__}.tasks"], root)
    else:
        files |= {path for path in package.rglob("*.py") if "results" not in path.parts}
    digest = hashlib.sha256()
    for path in sorted(files):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(root).as_posix()} {len(content)}\n".encode() + content)
    return digest.hexdigest()[:16]


def imported(modules: Sequence[str], root: Path = ROOT) -> set[Path]:
    """Return the files of the modules that lie in this package, and of all of it that they import, however deep."""
    found: set[Path] = set()
    todo = list(modules)
    while todo:
        name = todo.pop()
        stem = root.joinpath(*name.split("."))
        is_package = (stem / "__init__.py").is_file()
        path = stem / "__init__.py" if is_package else stem.with_suffix(".py")
        if name.partition(".")[0] != __package__ or path in found or not path.is_file():
            continue
        found.add(path)
        if "." in name:
            todo.append(name.rpartition(".")[0])
        parent = name if is_package else name.rpartition(".")[0]
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Import):
                todo += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                parts = parent.split(".")[: None if node.level < 2 else 1 - node.level]
                base = ".".join([*(parts if node.level else ()), *filter(None, [node.module])])
                todo += [base, *(f"{base}.{alias.name}" for alias in node.names)]
    return found


def machine() -> dict[str, Any]:
    """Return system, processor and number of cores; no host name and no paths."""
    return {
        "system": platform.system(),
        "machine": platform.machine(),
        "processor": _processor(),
        "cores": os.cpu_count(),
    }


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that took part, where they are installed."""
    found = {"python": platform.python_version()}
    for name in ("numpy", "scipy", "matplotlib", "scikit-image", "scikit-learn", "nce_ref"):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def git_commit(root: Path = ROOT) -> str | None:
    """Return the commit of the work tree, with "+changes" where it differs from it; None where there is no git or no
    commit."""
    try:
        commit = _git(root, "rev-parse", "HEAD")
        return commit + (
            "+changes" if _git(root, "status", "--porcelain", "--untracked-files=no") else ""
        )
    except (OSError, subprocess.SubprocessError):
        return None


def _git(root: Path, *arguments: str) -> str:
    answer = subprocess.run(
        ["git", *arguments], cwd=root, capture_output=True, text=True, check=True, timeout=20
    )
    return answer.stdout.strip()


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or "unknown"
