"""The Makefile's face, without a network: help, and one line with the remedy where Python will not do."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TARGETS = [
    "help",
    "test",
    "test-peers",
    "test-clients",
    "test-cluster",
    "mutants",
    "vectors-check",
    "replicate",
    "replicate-full",
    "report",
    "walkthrough",
    "replicate-rivals",
    "docs",
    "bench",
    "lint",
    "clean",
]


@pytest.fixture
def tree(tmp_path):
    """A folder with the Makefile and pyproject.toml only, its name with a blank in it."""
    folder = tmp_path / "fresh copy"
    folder.mkdir()
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, folder / name)
    return folder


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # The suite itself runs under make: its flags must not reach this one.
    environment = {
        k: v
        for k, v in os.environ.items()
        if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "PYTHON", "ARGS")
    }
    command = ["make", "--no-print-directory", *arguments]
    return subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def stub(folder: Path, spoil: str) -> str:
    """A Python that is this one after ``spoil``."""
    body = f"import sys\n{spoil}\nassert sys.argv[1] == '-c', sys.argv\nexec(sys.argv[2])\n"
    (folder / "stub.py").write_text(body)
    path = folder / "stub_python"
    path.write_text(
        f'#!/bin/sh\nexec "{sys.executable}" stub.py "$@"\n'
    )  # not in the first line: a path there may hold no blank
    path.chmod(0o755)
    return "./stub_python"


def test_help_comes_first_and_lists_every_target(tree):
    for arguments in ([], ["help"]):
        done = make(tree, *arguments)
        assert done.returncode == 0
        listed = [
            line.split()[1] for line in done.stdout.splitlines() if line.startswith("  make ")
        ]
        assert listed == TARGETS
    phony = next(
        line for line in (ROOT / "Makefile").read_text().splitlines() if line.startswith(".PHONY:")
    )
    assert phony.split()[1:] == TARGETS


@pytest.mark.parametrize(
    "target", [target for target in TARGETS if target not in ("help", "clean", "test-clients")]
)
def test_an_old_python_gives_one_line_with_the_remedy(tree, target):
    done = make(tree, target, "PYTHON=" + stub(tree, "sys.version_info = (3, 10, 13, 'final', 0)"))
    assert done.returncode != 0
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""
    assert (
        f"needs Python 3.11 or newer and ./stub_python is 3.10; name another: make PYTHON=python3.12 {target}"
        in done.stderr
    )
    assert not (tree / ".venv").exists()


def test_a_client_that_is_not_named_gives_one_line_with_the_names(tree):
    for arguments in ([], ["CLIENT=sklearn"]):
        done = make(tree, "test-clients", *arguments)
        assert done.returncode != 0 and done.stdout.startswith("CLIENT=NAME, one of: ")
        assert len(done.stdout.splitlines()) == 1


@pytest.mark.parametrize("module", ["venv", "ensurepip"])
def test_a_missing_module_gives_one_line_with_the_remedy(tree, module):
    done = make(tree, "test", "PYTHON=" + stub(tree, f"sys.modules[{module!r}] = None"))
    assert done.returncode != 0
    assert len(done.stderr.splitlines()) == 1
    assert (
        f"has no module {module}; install it (Debian, Ubuntu: apt-get install python3-venv)"
        in done.stderr
    )


def test_a_python_that_is_not_there_gives_one_line(tree):
    done = make(tree, "test", "PYTHON=no-such-python")
    assert done.returncode != 0
    assert len(done.stderr.splitlines()) == 1
    assert 'no command "no-such-python"' in done.stderr


def test_a_good_python_is_not_complained_about_and_needs_no_network_once_installed(tree):
    """With the environment there and its stamp newer than pyproject.toml, only the command itself is left to run."""
    (tree / ".venv/bin").mkdir(parents=True)
    extras = (
        ("test", "test"),
        ("peers", "test-peers"),
        ("cluster", "test-cluster"),
        ("replicate", "replicate"),
        ("lint", "lint"),
    )
    for extra, target in extras:
        fresh = make(tree, "--dry-run", target, f"PYTHON={sys.executable}")
        assert (
            fresh.returncode == 0
            and "-m venv .venv" in fresh.stdout
            and f"pip install --quiet --editable '.[{extra}]'" in fresh.stdout
        )
    (tree / ".venv/bin/python").touch()
    for extra, target in (
        ("test", "test"),
        ("replicate", "replicate-full"),
        ("replicate", "report"),
        ("lint", "lint"),
    ):
        stamp = tree / f".venv/with-{extra}"
        stamp.touch()
        assert "pip" not in make(tree, "--dry-run", target).stdout
        os.utime(stamp, (1, 1))  # as if pyproject.toml had changed since
        changed = make(tree, "--dry-run", target).stdout
        assert "pip install" in changed and "-m venv" not in changed


def test_clean_keeps_results(tree):
    for name in (
        ".venv/bin",
        "nce_ref/__pycache__",
        "nce_ref.egg-info",
        "paper_replication/results",
    ):
        (tree / name).mkdir(parents=True)
    assert make(tree, "clean").returncode == 0
    assert sorted(p.name for p in tree.iterdir()) == [
        "Makefile",
        "nce_ref",
        "paper_replication",
        "pyproject.toml",
    ]
    assert (tree / "paper_replication/results").is_dir()
    assert not (tree / "nce_ref/__pycache__").exists()
