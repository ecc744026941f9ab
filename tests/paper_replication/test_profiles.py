"""Profiles: those there are, their sizes, and the refusal of others."""

import pytest

from paper_replication.profiles import PROFILES, Batch, Profile, find_profile
from paper_replication.provenance import code_hash, git_commit, versions


def test_the_three_profiles():
    assert list(PROFILES) == ["smoke", "quick", "full"]
    assert [PROFILES[name].budget_seconds for name in PROFILES] == [20.0, 120.0, 2400.0]
    full = {batch.params["n_data"]: batch.n_repetitions for batch in PROFILES["full"].batches}
    assert full == {
        250: 500,
        500: 500,
        1000: 500,
        2000: 500,
        4000: 500,
        8000: 500,
        16000: 500,
        32000: 500,
    }


def test_another_name_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match="there is no 'huge'; there are smoke, quick, full"):
        find_profile("huge")


def test_tasks_are_the_batches_run_by_run():
    profile = Profile(
        "p",
        "two batches",
        1.0,
        (Batch("fake_experiment", {"n_data": 1}, 2), Batch("fake_experiment", {"n_data": 2}, 1)),
    )
    assert [(task.key.params, task.key.repetition) for task in profile.tasks()] == [
        ('{"n_data":1}', 0),
        ('{"n_data":1}', 1),
        ('{"n_data":2}', 0),
    ]


def test_the_code_hash_sees_every_change(tmp_path):
    for name in (
        "nce_ref/a.py",
        "nce_ref/models/b.py",
        "paper_replication/experiments/c.py",
        "paper_replication/seeds.py",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x = 1\n")
    hashes = [code_hash(tmp_path)]
    for path in sorted(tmp_path.rglob("*.py")):
        path.write_text("x = 2\n")
        hashes.append(code_hash(tmp_path))
    (tmp_path / "paper_replication" / "report.py").write_text("no number of a run comes from here")
    assert len(set(hashes)) == 5 and code_hash(tmp_path) == hashes[-1]


def test_without_git_there_is_no_commit(tmp_path):
    assert git_commit(tmp_path) is None
    assert {"python", "numpy", "scipy"} <= set(versions())
