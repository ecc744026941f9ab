"""Where numbers come from: code hash, versions, machine. Beside the results, never in their key and never in the verdicts."""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def code_hash(root: Path = ROOT, experiments: str = "experiments") -> str:
    """Return 16 hex digits of the SHA-256 over all Python files that make the numbers of a run, with their paths.

    ``experiments``: the folder of the experiments in ``paper_replication``.
    """
    digest = hashlib.sha256()
    made_by = [root / "nce_ref", root / "paper_replication" / experiments]
    files = [
        path for folder in made_by for path in folder.rglob("*.py") if "oracle" not in path.parts
    ]
    files += [
        root / "paper_replication" / name
        for name in ("seeds.py", "tasks.py", "mixing.py", "theory.py")
    ]
    for path in sorted(file for file in files if file.exists()):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(root).as_posix()} {len(content)}\n".encode() + content)
    return digest.hexdigest()[:16]


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
    for name in ("numpy", "scipy", "matplotlib", "scikit-learn", "nce_ref"):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def git_commit(root: Path = ROOT) -> str | None:
    """Return the commit of the work tree, with "+changes" where it differs from it; None where there is no git or no commit."""
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
