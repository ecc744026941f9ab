"""Reports: all products there, rebuilt to the same bytes from their own runs, with and without matplotlib."""

import json
from dataclasses import replace

import numpy as np
import pytest
import synthetic_rows

from paper_replication import figures, report, report_tables
from paper_replication.claims import judge_all
from paper_replication.figure1 import study
from paper_replication.figure1.claim_list import all_claims
from paper_replication.figure1.evidence import gather
from paper_replication.report import describe_runs, newest_version, same_but_for_rounding
from paper_replication.store import StoreError, merge, read_rows, write_gzip
from paper_replication.study import Findings

pytestmark = pytest.mark.long

ABOUT = {"profile": "made-up", "task_seconds": 12.0, "missing": 0}
STUDY = replace(study.STUDY, gather=lambda rows, clock: gather(rows, synthetic_rows.THEORY))
TOY = {
    "precision": np.linspace(0.1, 2.0, 9),
    "c": np.linspace(-2.5, 0.5, 8),
    "objective": -((np.linspace(0.1, 2.0, 9) - 1.0) ** 2)
    - (np.linspace(-2.5, 0.5, 8)[:, None] + 0.919) ** 2,
    "paths": [np.array([[0.4, 0.0], [1.0, -0.919]])],
}


def build_report(rows, folder, about):
    return report.build_report(STUDY, rows, folder, about)


@pytest.fixture
def rows(monkeypatch):
    if figures.matplotlib_is_here():
        from paper_replication.figure1 import figure_panels

        monkeypatch.setattr(figure_panels, "picture", lambda rng: TOY)
    return synthetic_rows.rows({500: 10, 4000: 10})


def files(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_report_is_whole_and_its_own_runs_give_it_back(tmp_path, rows):
    made = build_report(rows[::-1], tmp_path / "one", ABOUT)
    again, note = read_rows(tmp_path / "one" / "runs.jsonl.gz")
    build_report(
        again,
        tmp_path / "two",
        json.loads((tmp_path / "one" / "provenance.json").read_text())["runs"],
    )
    first, second = files(tmp_path / "one"), files(tmp_path / "two")
    assert note == "" and first == second
    assert again == merge(rows)
    drawn = set(STUDY.figures) if figures.matplotlib_is_here() else set()
    pictures = {f"figures/{name}.png" for name in drawn}
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
    made = build_report(rows, tmp_path, ABOUT)
    assert (
        made.figures == ()
        and "The figures were left out: matplotlib is not installed" in made.path.read_text()
    )
    assert not (tmp_path / "figures").exists()


def test_figures_need_not_many_runs(tmp_path, rows):
    # One run: no finite interval of a median, no error of a mean. Warnings are errors here.
    evidence = gather(synthetic_rows.rows({250: 1, 500: 2}), synthetic_rows.THEORY)
    findings = Findings(STUDY, evidence, [], {}, tmp_path)
    drawn, written = figures.draw_figures(tmp_path, findings)
    assert drawn == written == (tuple(STUDY.figures) if figures.matplotlib_is_here() else ())


def test_failed_certificates_are_counted(tmp_path, rows, monkeypatch):
    monkeypatch.setattr(figures, "matplotlib_is_here", lambda: False)
    rows[0]["result"]["mle.certified.stationarity"] = 1e-5
    rows[1]["result"]["nce_gaussian.certified.is_local_maximum"] = 0.0
    made = build_report(rows, tmp_path, ABOUT)
    assert "Certified: 58 of 60 fits" in made.path.read_text()


def test_what_is_missing_is_said(tmp_path, rows, monkeypatch):
    monkeypatch.setattr(figures, "matplotlib_is_here", lambda: False)
    made = build_report(rows, tmp_path, {**ABOUT, "missing": 7})
    assert "7 runs of the profile are missing" in made.path.read_text()


def test_what_is_contradicted_is_told_in_words_and_what_is_open_by_name(monkeypatch):
    evidence = gather(synthetic_rows.rows({250: 100}, inflate=4.0), synthetic_rows.THEORY)
    judgements = judge_all(all_claims(), evidence)
    text, plain = report_tables.not_confirmed(judgements), report_tables.plain_verdicts(judgements)
    for judgement in judgements:
        claim = judgement.claim
        in_words = f"- {claim.owner}, `{claim.id}`: {claim.statement}: " in text
        assert (
            in_words
            == (judgement.verdict == "contradicted")
            == (f"contradicted, {claim.owner}: {claim.id}: " in plain)
        )
        assert (f"`{judgement.claim.id}`" in text) == (judgement.verdict != "confirmed")
    assert "coverage.mle.B.250" in plain
    totals = [line.split() for line in plain.splitlines() if line.startswith("all ")]
    assert len(totals) == 2  # by owner and by family
    assert all(sum(map(int, total[1:])) == len(judgements) for total in totals)
    assert report_tables.not_confirmed([]) == ""


def test_a_report_without_provenance_invents_no_time(tmp_path, rows, monkeypatch):
    monkeypatch.setattr(figures, "matplotlib_is_here", lambda: False)
    text = build_report(rows, tmp_path, {}).path.read_text()
    assert "Time spent" not in text and "Profile `unknown`" in text


def test_older_versions_are_left_out(rows):
    old = [{**row, "version": 0} for row in rows[:3]]
    newest, left_out = newest_version([*old, *rows])
    assert newest == rows and left_out == 3


def test_nothing_to_report_on(tmp_path):
    with pytest.raises(StoreError, match="there are no runs of figure1"):
        build_report([], tmp_path, ABOUT)


def test_an_unwritable_folder_says_so(tmp_path, rows):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="the report cannot be written here"):
        build_report(rows, tmp_path / "file" / "report", ABOUT)


def test_the_making_of_the_runs_names_no_host():
    about = describe_runs("quick", 3.21, {'figure1 {"n_data":250}': [0.5, 1.5]}, 0)
    assert (
        about["by_params"] == {'figure1 {"n_data":250}': {"runs": 2, "mean_seconds": 1.0}}
        and about["task_seconds"] == 2.0
    )
    assert set(about["machine"]) == {"system", "machine", "processor", "cores"} and json.dumps(
        about
    )


# ---- what is the same stays as it is -------------------------------------------------------------


def test_a_report_built_again_leaves_every_file(tmp_path, rows):
    first = build_report(rows, tmp_path, ABOUT)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    again = build_report(rows[::-1], tmp_path, ABOUT)
    assert first.changed and again.changed == ()
    assert before == {path: path.stat().st_mtime_ns for path in before}


def test_another_machine_s_rounding_changes_no_file_and_another_number_does(tmp_path, rows):
    build_report(rows, tmp_path, ABOUT)
    about = json.loads((tmp_path / "provenance.json").read_text())
    about["report"]["versions"]["numpy"] = "another"
    (tmp_path / "provenance.json").write_text(json.dumps(about, indent=1, sort_keys=True) + "\n")
    summary = (tmp_path / "summary.csv").read_text()
    (tmp_path / "summary.csv").write_text(summary.replace("0.95", "0.9500000001"))
    assert build_report(rows, tmp_path, ABOUT).changed == ()
    rows[3]["result"]["mle.certified.error_B"] *= 1.01
    changed = build_report(rows, tmp_path, ABOUT).changed
    assert {"summary.csv", "runs.jsonl.gz", "provenance.json"} <= set(changed)
    assert "another" not in (tmp_path / "provenance.json").read_text()


def test_rounding_is_told_from_change():
    assert same_but_for_rounding("a 1.0000000001 b -3e-11", "a 1.0 b 0.0")
    for one, two in (("a 1.0", "b 1.0"), ("1.00001", "1.0"), ("1 2", "1"), ("-1", "1")):
        assert not same_but_for_rounding(one, two)


def test_a_figure_is_drawn_again_where_data_words_or_code_are_others(tmp_path):
    if not figures.matplotlib_is_here():
        return  # there is no figure then
    from matplotlib.figure import Figure

    def drawn(value=1.0, word="a", code="", **digest_of):
        figure = Figure()
        axes = figure.subplots()
        axes.plot([0.0, 1.0], [0.0, value])
        axes.scatter([0.5], [value])
        axes.set_title(word)
        vars(figure).update(digest_of)
        return figures.save(figure, tmp_path / "one.png", code)

    assert drawn() and not drawn() and not drawn(1.0 + 1e-9)
    for change in ({"value": 1.01}, {"word": "b"}, {"code": "x"}):
        assert drawn(**change) and not drawn(**change)
    assert drawn(digest_of=[1.0, 2.0]) and not drawn(1.5, digest_of=[1.0, 2.0])
    assert drawn(digest_of=[1.0, 2.5])


def test_rows_of_other_bytes_and_the_same_content_stay(tmp_path, rows):
    build_report(rows, tmp_path, ABOUT)
    path = tmp_path / "runs.jsonl.gz"
    import gzip

    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()), compresslevel=1, mtime=0))
    assert "runs.jsonl.gz" not in build_report(rows, tmp_path, ABOUT).changed
    write_gzip(path, merge(rows)[1:])
    assert "runs.jsonl.gz" in build_report(rows, tmp_path, ABOUT).changed
