"""Puts this folder on the path, so that tests and the processes they spawn find ``synthetic_rows`` and ``fake_experiment``."""

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
if str(HERE) not in sys.path:
    sys.path.insert(0, str(HERE))


@pytest.fixture
def fake_profiles(monkeypatch):
    """Make ``fake`` and ``made-up`` the only profiles: a fast experiment without a theory, and a made-up figure1 with one."""
    import synthetic_rows

    from paper_replication import figures, profiles, report, tasks

    real = tasks.load_experiment
    monkeypatch.setattr(
        tasks, "load_experiment", lambda name: synthetic_rows if name == "figure1" else real(name)
    )
    monkeypatch.setattr(report, "compute_theory", synthetic_rows.made_up_theory)
    monkeypatch.setattr(report, "toy_picture", lambda: None)
    monkeypatch.setattr(
        figures, "matplotlib_is_here", lambda: False
    )  # figures have tests of their own
    batch = profiles.Batch
    made = {
        "fake": profiles.Profile(
            "fake", "six sums", 10.0, (batch("fake_experiment", {"n_data": 10}, 6),)
        ),
        "made-up": profiles.Profile(
            "made-up",
            "no fits",
            10.0,
            tuple(batch("figure1", {"n_data": n}, 12) for n in (500, 4000)),
        ),
    }
    monkeypatch.setattr(profiles, "PROFILES", made)
    return made
