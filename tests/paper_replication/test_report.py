"""Reports: all products there, rebuilt to the same bytes from their own runs, with and without matplotlib."""

import json

import numpy as np
import pytest
import synthetic_rows

from paper_replication import figures, report, report_tables
from paper_replication.claim_list import all_claims
from paper_replication.claims import judge_all
from paper_replication.evidence import gather
from paper_replication.report import build_report, describe_runs, newest_version
from paper_replication.store import StoreError, merge, read_rows
from paper_replication.summary import summarise

ABOUT = {"profile": "made-up", "task_seconds": 12.0, "missing": 0}
TOY = {
    "precision": np.linspace(0.1, 2.0, 9),
    "c": np.linspace(-2.5, 0.5, 8),
    "objective": -((np.linspace(0.1, 2.0, 9) - 1.0) ** 2)
    - (np.linspace(-2.5, 0.5, 8)[:, None] + 0.919) ** 2,
    "paths": [np.array([[0.4, 0.0], [1.0, -0.919]])],
}


@pytest.fixture
def rows(monkeypatch):
    monkeypatch.setattr(report, "toy_picture", lambda: TOY)
    return synthetic_rows.rows({500: 10, 4000: 10})


def files(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_report_is_whole_and_its_own_runs_give_it_back(tmp_path, rows):
    made = build_report(rows[::-1], tmp_path / "one", ABOUT, synthetic_rows.THEORY)
    again, note = read_rows(tmp_path / "one" / "runs.jsonl.gz")
    build_report(
        again,
        tmp_path / "two",
        json.loads((tmp_path / "one" / "provenance.json").read_text())["runs"],
        synthetic_rows.THEORY,
    )
    first, second = files(tmp_path / "one"), files(tmp_path / "two")
    assert note == "" and first == second
    assert again == merge(rows)
    drawn = set(figures.CAPTIONS) if figures.matplotlib_is_here() else set()
    pictures = {f"figures/{name}.{kind}" for name in drawn for kind in ("png", "svg")}
    assert (
        set(first)
        == {"REPORT.md", "summary.csv", "claims.json", "provenance.json", "runs.jsonl.gz"}
        | pictures
    )
    text = made.path.read_text()
    for heading in (
        "## Verdicts",
        "## Certificates",
        "## Medians",
        "## The optimiser's part",
        "## All claims",
    ):
        assert heading in text
    assert "Certified: 60 of 60 fits (100.000%)" in text
    assert ("![figure1ac](figures/figure1ac.png)" in text) == bool(drawn)


def test_without_matplotlib_the_report_says_so(tmp_path, rows, monkeypatch):
    monkeypatch.setattr(figures, "matplotlib_is_here", lambda: False)
    made = build_report(rows, tmp_path, ABOUT, synthetic_rows.THEORY)
    assert (
        made.figures == []
        and "The figures were left out: matplotlib is not installed" in made.path.read_text()
    )
    assert not (tmp_path / "figures").exists()


def test_figures_need_neither_many_runs_nor_the_toy(tmp_path):
    # One run: no finite interval of a median, no error of a mean. Warnings are errors here.
    evidence = gather(synthetic_rows.rows({250: 1, 500: 2}), synthetic_rows.THEORY)
    names = figures.write_figures(tmp_path, evidence, summarise(evidence), None)
    assert names == (
        [name for name in figures.CAPTIONS if name != "toy"] if figures.matplotlib_is_here() else []
    )


def test_failed_certificates_are_counted(tmp_path, rows, monkeypatch):
    monkeypatch.setattr(figures, "matplotlib_is_here", lambda: False)
    rows[0]["result"]["mle.certified.stationarity"] = 1e-5
    rows[1]["result"]["nce_gaussian.certified.is_local_maximum"] = 0.0
    made = build_report(rows, tmp_path, ABOUT, synthetic_rows.THEORY)
    assert "Certified: 58 of 60 fits" in made.path.read_text()


def test_what_is_missing_is_said(tmp_path, rows, monkeypatch):
    monkeypatch.setattr(figures, "matplotlib_is_here", lambda: False)
    made = build_report(rows, tmp_path, {**ABOUT, "missing": 7}, synthetic_rows.THEORY)
    assert "7 runs of the profile are missing" in made.path.read_text()


def test_what_is_contradicted_is_told_in_words_and_what_is_open_by_name(monkeypatch):
    evidence = gather(synthetic_rows.rows({250: 100}, inflate=4.0), synthetic_rows.THEORY)
    judgements = judge_all(all_claims(), evidence)
    text, plain = report_tables.not_confirmed(judgements), report_tables.plain_verdicts(judgements)
    for judgement in judgements:
        in_words = f"- `{judgement.claim.id}`: {judgement.claim.statement}: " in text
        assert (
            in_words
            == (judgement.verdict == "contradicted")
            == (f"contradicted: {judgement.claim.id}: " in plain)
        )
        assert (f"`{judgement.claim.id}`" in text) == (judgement.verdict != "confirmed")
    assert "coverage.mle.B.250" in plain
    (total,) = [line.split() for line in plain.splitlines() if line.startswith("all ")]
    assert sum(map(int, total[1:])) == len(judgements)
    assert report_tables.not_confirmed([]) == ""


def test_a_report_without_provenance_invents_no_time(tmp_path, rows, monkeypatch):
    monkeypatch.setattr(figures, "matplotlib_is_here", lambda: False)
    text = build_report(rows, tmp_path, {}, synthetic_rows.THEORY).path.read_text()
    assert "Time spent" not in text and "Profile `unknown`" in text


def test_older_versions_are_left_out(rows):
    old = [{**row, "version": 0} for row in rows[:3]]
    newest, left_out = newest_version([*old, *rows])
    assert newest == rows and left_out == 3


def test_nothing_to_report_on(tmp_path):
    with pytest.raises(StoreError, match="there are no runs of figure1"):
        build_report([], tmp_path, ABOUT, synthetic_rows.THEORY)


def test_an_unwritable_folder_says_so(tmp_path, rows):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="the report cannot be written here"):
        build_report(rows, tmp_path / "file" / "report", ABOUT, synthetic_rows.THEORY)


def test_the_making_of_the_runs_names_no_host():
    about = describe_runs("quick", 3.21, {'figure1 {"n_data":250}': [0.5, 1.5]}, 0)
    assert (
        about["by_params"] == {'figure1 {"n_data":250}': {"runs": 2, "mean_seconds": 1.0}}
        and about["task_seconds"] == 2.0
    )
    assert set(about["machine"]) == {"system", "machine", "processor", "cores"} and json.dumps(
        about
    )
