""".ci/dispatch.py: its settings are what then computes, and what is ignored in silence stops the run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CI = Path(__file__).resolve().parents[1] / ".ci"
OURS = ("NPY_DISABLE_CPU_FEATURES", "OPENBLAS_CORETYPE", "NCE_REF_CI_")


def run(*arguments, **environment):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    return subprocess.run(
        [sys.executable, str(CI / "dispatch.py"), *arguments],
        env={**kept, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_setting_is_what_computes_then():
    """Of the last, without anything dispatched. A processor with nothing to switch off has no setting, and nothing to
    assert."""
    printed = run()
    assert printed.returncode == 0, printed.stderr
    for line in printed.stdout.splitlines()[-1:]:
        setting = dict(word.split("=", 1) for word in line.split())
        assert setting["NCE_REF_CI_FEATURES"] == "none" and setting["NPY_DISABLE_CPU_FEATURES"]
        assert run("check", **setting).returncode == 0
        # The same with a name that this NumPy does not know is ignored, and seen.
        checked = run("check", **{**setting, "NPY_DISABLE_CPU_FEATURES": "NO_SUCH_FEATURE"})
        assert checked.returncode == 1 and "wanted none" in checked.stderr


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"NCE_REF_CI_VERSIONS": "numpy==1.26.4"}, "is installed; wanted ==1.26.4"),
        # As numbers, 1.9 is older than 1.13, which is the oldest that nce_ref runs on.
        ({"NCE_REF_CI_VERSIONS": "numpy>=2,scipy>=1.9,scipy>=99"}, "is installed; wanted >=99"),
    ],
)
def test_what_is_not_as_asked_is_said(environment, message):
    checked = run("check", **environment)
    assert checked.returncode == 1 and checked.stderr.strip().endswith(message)
    assert ";" not in checked.stderr.replace(message, "")


def test_the_run_stops_before_its_first_test(tmp_path):
    (tmp_path / "test_one.py").write_text("def test_one(): pass\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "dispatch", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(CI), "NCE_REF_CI_FEATURES": "no,such"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 4 and "wanted no,such" in done.stderr and "passed" not in done.stdout
