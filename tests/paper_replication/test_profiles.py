"""Profiles: those there are, their sizes, the refusal of others; and the code's hash, which stands beside every run."""

import pytest

from paper_replication.figure1.study import STUDY
from paper_replication.profiles import Batch, Profile, find_profile
from paper_replication.provenance import code_hash, git_commit, imported, versions
from paper_replication.study import Experiment, Study


def test_the_three_profiles():
    assert [profile.name for profile in STUDY.profiles] == ["smoke", "quick", "full"]
    assert [profile.budget_seconds for profile in STUDY.profiles] == [20.0, 120.0, 2400.0]
    full = {
        (batch.experiment, batch.params["n_data"]): batch.n_repetitions
        for batch in STUDY.profile("full").batches
    }
    sizes = [250 * 2**k for k in range(8)]
    assert full == {
        **{("figure1", size): 500 for size in sizes},
        **{("fine_tuning", size): 500 for size in sizes[:4]},
    }


def test_another_name_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match="there is no 'huge'; there are smoke, quick, full"):
        find_profile(STUDY.profiles, "huge")
    with pytest.raises(ValueError, match="figure1 has no 'huge'; it has figure1, fine_tuning"):
        STUDY.task("huge", {}, 0)


def test_tasks_are_the_batches_run_by_run():
    batches = (
        Batch("one", {"n_data": 1}, 2),
        Batch("one", {"n_data": 2}, 1, first=7),
        Batch("one", {"n_data": 3}, 1, needs="no_such_package"),
    )
    study = Study(
        name="s",
        title="t",
        experiments=(Experiment("one", "fake_experiment"),),
        profiles=(Profile("p", "three batches, one of which cannot run", 1.0, batches),),
        claims=list,
    )
    assert [
        (task.key.experiment, task.key.params, task.key.repetition) for task in study.tasks("p")
    ] == [
        ("one", '{"n_data":1}', 0),
        ("one", '{"n_data":1}', 1),
        ("one", '{"n_data":2}', 7),
    ]


def test_the_code_hash_sees_every_change(tmp_path):
    files = {
        "nce_ref/a.py": "",
        "nce_ref/models/b.py": "",
        "paper_replication/__init__.py": "",
        "paper_replication/seeds.py": "",
        "paper_replication/mixing.py": "from . import seeds",
        "paper_replication/one/c.py": "from ..mixing import x\nfrom .helper import y",
        "paper_replication/one/helper.py": "import numpy",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text + "\n")
    made_by = ["paper_replication.one.c"]
    hashes = [code_hash(made_by, tmp_path)]
    for path in sorted(tmp_path.rglob("*.py")):
        path.write_text(path.read_text() + "x = 2\n")
        hashes.append(code_hash(made_by, tmp_path))
    everything = code_hash(root=tmp_path)
    (tmp_path / "paper_replication" / "report.py").write_text("no number of a run comes from here")
    assert len(set(hashes)) == 1 + len(files) and code_hash(made_by, tmp_path) == hashes[-1]
    assert code_hash(root=tmp_path) != everything


def test_the_code_of_a_run_is_what_its_experiment_imports():
    found = {
        path.name
        for path in imported(
            ["paper_replication.rivals.experiments.curves", "paper_replication.tasks"]
        )
    }
    assert {"curves.py", "figure1.py", "theory.py", "mixing.py", "timing.py", "tasks.py"} <= found
    assert not found & {"report.py", "figures.py", "claims.py", "text.py"}


def test_without_git_there_is_no_commit(tmp_path):
    assert git_commit(tmp_path) is None
    assert {"python", "numpy", "scipy"} <= set(versions())
