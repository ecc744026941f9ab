"""The programs of nce_ref/examples run, and what they print is right."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def printed(name):
    """What the program prints, warnings being errors."""
    run = subprocess.run(
        [sys.executable, "-W", "error", "-m", f"nce_ref.examples.{name}"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_every_example_is_run_here():
    files = {path.stem for path in (ROOT / "nce_ref" / "examples").glob("*.py")} - {"__init__"}
    # from_autodiff runs beside the other clients of JAX and PyTorch: tests/peers/test_examples.py.
    assert files == {"thirty_lines", "own_model", "own_noise", "discrete", "from_autodiff"}


def test_thirty_lines_finds_the_precision_and_the_constant():
    found = re.findall(r"(-?\d+\.\d+)\s+right: (-?\d+\.\d+)", printed("thirty_lines"))
    assert len(found) == 2
    # 4000 data, 20 000 noise points: standard errors 0.012 and 0.014.
    assert all(abs(float(got) - float(right)) < 0.06 for got, right in found)


def test_own_model_is_checked_fitted_and_covers():
    text = printed("own_model")
    assert "model Quartic passed its check" in text and "warnings: none" in text
    found = re.findall(r"= (-?\d+\.\d+) \+- (\d+\.\d+)   right: (-?\d+\.\d+)", text)
    assert len(found) == 3
    assert all(abs(float(got) - float(right)) < 5 * float(error) for got, error, right in found)


def test_own_noise_passes_and_the_forgotten_factor_is_found():
    right, wrong = printed("own_noise").split("\n\n")
    assert right.startswith("noise Ring passed its check")
    assert wrong.startswith("noise Forgotten FAILED its check") and "same law: FAILED" in wrong


def test_discrete_estimates_couplings_and_the_constant():
    text = printed("discrete")
    rows = re.findall(r"^([bwc]\S*)\s+(\S+)\s+(\S+)\s+(\S+)\s+(\S+)$", text, re.MULTILINE)
    assert len(rows) == 16
    assert all(
        abs(float(nce) - float(right)) < 5 * float(error) for _, right, nce, error, _ in rows
    )
    assert "NCE: certified; likelihood: certified" in text


def test_without_a_framework_it_says_so():
    hidden = """
import runpy, sys
class Hide:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("jax", "torch"):
            raise ImportError(name)
sys.meta_path.insert(0, Hide())
runpy.run_module("nce_ref.examples.from_autodiff", run_name="__main__")
"""
    run = subprocess.run(
        [sys.executable, "-c", hidden], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert run.returncode == 1 and "pip install jax" in run.stderr
