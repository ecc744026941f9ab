"""A new study is content alone: a few lines here get runs, resuming, verdicts, tables, a report and a command of their
own."""

import json
import re
import textwrap
from dataclasses import replace
from functools import partial

import pytest

from paper_replication.claims import Claim
from paper_replication.columns import Columns, gather_columns, mean_of, summary_csv
from paper_replication.command_line import main
from paper_replication.conclusions import Conclusion
from paper_replication.engine import rebuild, run_study, screen
from paper_replication.executors import workers
from paper_replication.profiles import Batch, Profile
from paper_replication.studies import NAMES, all_studies, find_study
from paper_replication.study import Experiment, Study

FAIR = Claim(
    "mean.0",
    "the mean",
    "normal numbers have mean 0",
    "school",
    partial(mean_of, group="sums n_data=10", column="mean"),
    "equivalence",
    0.0,
    0.2,
    "a fifth of a standard deviation",
)
TOY = Study(
    name="toy",
    title="Is the mean zero?",
    experiments=(Experiment("somewhere.else.sums", "fake_experiment"),),
    profiles=(
        Profile("quick", "a glance", 5.0, (Batch("somewhere.else.sums", {"n_data": 10}, 100),)),
    ),
    claims=lambda: [FAIR],
)


def test_a_study_of_a_few_lines_runs_resumes_and_reports(tmp_path, capsys):
    assert run_study(TOY, "quick", workers(0), results=tmp_path, shard=(1, 2)) == 0
    assert "50 runs made" in capsys.readouterr().out
    assert run_study(TOY, "quick", workers(0), results=tmp_path) == 0
    out = capsys.readouterr().out
    assert out.startswith("toy, profile quick: a glance; 100 runs, budget 0:05 on 2 cores\n")
    assert "50 runs made, 50 found in the store, 0 failed" in out
    assert re.search(r"^this project's expectation +1 +0 +0$", out, flags=re.MULTILINE)
    folder = tmp_path / "toy" / "report-quick"
    names = {path.name for path in folder.iterdir()}
    assert names == {"REPORT.md", "claims.json", "provenance.json", "runs.jsonl.gz", "summary.csv"}
    text = (folder / "REPORT.md").read_text()
    assert text.startswith("# Is the mean zero?\n") and "| **confirmed** |" in text
    (claim,) = json.loads((folder / "claims.json").read_text())
    assert claim["n"] == 100 and claim["estimand"].startswith("mean_of(group='sums n_data=10'")
    assert "sums n_data=10,mean,100," in (folder / "summary.csv").read_text()
    made = rebuild(TOY, [folder / "runs.jsonl.gz"], folder)
    assert made.changed == () and [j.verdict for j in made.judgements] == ["confirmed"]


def test_another_module_path_leaves_keys_and_numbers(tmp_path):
    with pytest.raises(ValueError, match="no module named 'moved'"):
        replace(TOY, experiments=(Experiment("somewhere.else.sums", "moved"),)).tasks("quick")
    for task in TOY.tasks("quick")[:2]:
        assert task.key.experiment == "somewhere.else.sums" and task.module == "fake_experiment"


def test_its_command_needs_no_list(tmp_path, monkeypatch, capsys):
    (tmp_path / "toy_of_a_stranger.py").write_text(
        textwrap.dedent(
            """
            from paper_replication.profiles import Batch, Profile
            from paper_replication.study import Experiment, Study

            STUDY = Study(
                name="stranger",
                title="Sums",
                experiments=(Experiment("sums", "fake_experiment"),),
                profiles=(Profile("quick", "two sums", 1.0, (Batch("sums", {"n_data": 5}, 2),)),),
                claims=list,
            )
            """
        )
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    results = tmp_path / "results"
    arguments = ["run", "toy_of_a_stranger", "--profile", "quick", "--results", str(results)]
    assert main([*arguments, "--workers", "1"]) == 0
    report = results / "stranger" / "report-quick" / "REPORT.md"
    assert capsys.readouterr().out.endswith(f"report: {report}\n")
    assert report.read_text() == "# Sums\n"


def test_the_studies_there_are():
    studies = all_studies()
    assert [study.name for study in studies] == list(NAMES)
    for study in studies:
        assert (study.committed / study.text).is_file()
        names = [experiment.name for experiment in study.experiments]
        assert len(set(names)) == len(names)
        for profile in study.profiles:
            assert {batch.experiment for batch in profile.batches} <= set(names)
        ids = [claim.id for claim in study.claims()]
        assert len(set(ids)) == len(ids)
    for wrong in ("nothing", "json", "", ".x", "paper_replication.nothing"):
        with pytest.raises(
            ValueError,
            match="there are figure1, rivals, noise_choice, walkthrough, contrastive, boltzmann",
        ):
            find_study(wrong)


def test_columns_pair_and_refuse_what_they_lack():
    rows = [
        {
            "experiment": "a.b.c",
            "version": 1,
            "params": {"n": 2, "m": "x"},
            "repetition": repetition,
            "result": {"value": float(repetition)},
        }
        for repetition in (2, 0, 1)
    ]
    columns = gather_columns(rows)
    assert list(columns.groups) == ["c m=x n=2"]
    assert columns.column("c m=x n=2", "value").tolist() == [0.0, 1.0, 2.0]
    assert (
        columns.column("nothing", "value").size == 0 and columns.mean("c m=x n=2", "value") == 1.0
    )
    with pytest.raises(ValueError, match="a run of c m=x n=2 has no result 'other'; it has value"):
        columns.column("c m=x n=2", "other")
    assert mean_of(columns, group="nothing", column="value") is None
    assert summary_csv(Columns({})).count("\n") == 1


def test_the_screen_says_what_was_found_and_what_the_full_profile_adds(tmp_path):
    sentence = Conclusion("**The mean** is zero.", {"mean.0": "confirmed"})
    wrong = Conclusion("**The mean** is one.", {"mean.0": "contradicted"})
    full = Profile("full", "more", 5.0, TOY.profiles[0].batches)
    study = replace(
        TOY,
        abstract="Numbers.",
        profiles=(*TOY.profiles, full),
        conclusions=lambda findings: [sentence, wrong],
        claims=lambda: [FAIR, replace(FAIR, id="hard", margin=1e-6)],
    )
    assert run_study(study, "quick", workers(0), results=tmp_path) == 0
    made = rebuild(study, [tmp_path / "toy"], tmp_path / "again")
    lines = screen(study, made, "quick").splitlines()
    assert lines[0] == "Numbers." and "left to full" in lines[2]
    assert "The mean is zero." in lines and "The mean is one." not in lines
    assert lines[-1] == "left to the full profile: 1 claims"
    assert "not resolved, too few runs to tell: 1 claims" in screen(study, made, "full")
    assert "## Conclusions" in made.path.read_text() and "is one" not in made.path.read_text()


def test_a_study_that_is_broken_says_why(tmp_path, monkeypatch):
    """An error inside of a study is its own, not "there is no such study"."""
    (tmp_path / "broken_study.py").write_text("raise TypeError('planted')\n")
    (tmp_path / "lacking_study.py").write_text("import no_such_package\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(TypeError, match="planted"):
        find_study("broken_study")
    with pytest.raises(ModuleNotFoundError, match="no_such_package"):
        find_study("lacking_study")
