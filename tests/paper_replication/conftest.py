"""Puts this folder on the path, so that tests and the processes they spawn find ``synthetic_rows`` and
``fake_experiment``."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
if str(HERE) not in sys.path:
    sys.path.insert(0, str(HERE))


@pytest.fixture
def made_up_figure1(monkeypatch):
    """Put a made-up figure1 with a theory of its own in the place of the study: two profiles, fast experiments, no
    figures."""
    import synthetic_rows

    from paper_replication import figures
    from paper_replication.figure1 import study
    from paper_replication.figure1.evidence import gather
    from paper_replication.profiles import Batch, Profile
    from paper_replication.study import Experiment

    monkeypatch.setattr(
        figures, "matplotlib_is_here", lambda: False
    )  # figures have tests of their own
    sums, made_up = Batch("fake_experiment", {"n_data": 10}, 6), (500, 4000)
    runs = tuple(Batch("figure1", {"n_data": n}, 12) for n in made_up)
    made = replace(
        study.STUDY,
        experiments=(
            Experiment("figure1", "synthetic_rows"),
            Experiment("fake_experiment", "fake_experiment"),
        ),
        profiles=(
            Profile("fake", "six sums", 10.0, (sums,)),
            Profile("made-up", "no fits", 10.0, runs),
        ),
        gather=lambda rows, clock: gather(rows, synthetic_rows.made_up_theory()),
    )
    monkeypatch.setattr(study, "STUDY", made)
    return made
