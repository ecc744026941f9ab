"""The rivals' report from made-up runs, the smoke profile from the command line, resuming after a stop, and the store's
third file."""

import json
import re
from dataclasses import replace

import pytest
import rival_rows

from paper_replication import command_line, figures
from paper_replication.report import build_report
from paper_replication.rivals import tables
from paper_replication.rivals.evidence import ROOT, gather
from paper_replication.rivals.plan import FULL, QUICK
from paper_replication.rivals.study import STUDY
from paper_replication.store import CLOCK, RunStore, StoreError, read_rows
from paper_replication.study import Findings

MADE_UP = replace(STUDY, gather=lambda rows, clock: gather(rows, clock, rival_rows.LIMITS))
ABOUT = {"profile": "quick", "missing": 0}


@pytest.fixture
def no_pictures(monkeypatch):
    monkeypatch.setattr(figures, "matplotlib_is_here", lambda: False)


def files(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.usefixtures("no_pictures")
def test_a_report_is_whole_labelled_and_its_own_runs_give_it_back(tmp_path):
    rows, times = rival_rows.rows(24)
    made = build_report(MADE_UP, rows[::-1], tmp_path / "one", ABOUT, times)
    again, clock = (
        read_rows(tmp_path / "one" / name)[0] for name in ("runs.jsonl.gz", "clock.jsonl.gz")
    )
    about = json.loads((tmp_path / "one" / "provenance.json").read_text())["runs"]
    build_report(MADE_UP, again, tmp_path / "two", about, clock)
    assert files(tmp_path / "one") == files(tmp_path / "two")
    assert set(files(tmp_path / "one")) == {
        "RIVALS.md",
        "claims.json",
        "summary.csv",
        "provenance.json",
        "runs.jsonl.gz",
        "clock.jsonl.gz",
    }
    text = made.path.read_text()
    assert text.startswith(
        "# The rivals and the trade-off (quick profile, 4 to 24 matrices a point)\n"
    )
    assert (
        "has not been run yet" in text
        and "no independent confirmation" in text
        and not re.search(r"\bnan\b", text)
    )
    for title, body in re.findall(
        r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", text, flags=re.MULTILINE | re.DOTALL
    ):
        if title not in ("Verdicts", "Figures", "What the full profile takes"):
            assert body.startswith("\n*Quick profile, 4 to 24 matrices a point.*"), title
    for judgement in made.judgements:
        (line,) = [
            line for line in text.splitlines() if line.startswith(f"| `{judgement.claim.id}` |")
        ]
        assert f"| **{judgement.verdict}** |" in line
    assert (
        "seconds" not in (tmp_path / "one" / "summary.csv").read_text()
        and "states of the code" not in text
    )
    mixed = [
        row if k else {**row, "provenance": {"code": "of yesterday"}} for k, row in enumerate(rows)
    ]
    told = build_report(MADE_UP, mixed, tmp_path / "three", ABOUT, times).path.read_text()
    assert "The runs come from 2 states of the code" in told


@pytest.mark.usefixtures("no_pictures")
def test_verdicts_but_those_on_speed_need_no_clock(tmp_path):
    rows, times = rival_rows.rows(24)
    with_clock = build_report(MADE_UP, rows, tmp_path / "one", ABOUT, times).judgements
    without = build_report(MADE_UP, rows, tmp_path / "two", ABOUT, []).judgements
    assert [
        a for a, b in zip(with_clock, without) if (a.estimate is None) != (b.estimate is None)
    ] == [a for a in with_clock if a.claim.id.startswith("speed.")]
    assert [
        a.verdict
        for a, b in zip(with_clock, without)
        if not a.claim.id.startswith("speed.") and a.verdict != b.verdict
    ] == []
    with pytest.raises(StoreError, match="there are no runs of rivals to report on"):
        build_report(MADE_UP, [], tmp_path, ABOUT)


def test_figures_need_not_every_run(tmp_path):
    def names(rows):
        evidence = gather(rows, times, rival_rows.LIMITS)
        return figures.draw_figures(tmp_path, Findings(STUDY, evidence, [], {}, tmp_path))[0]

    rows, times = rival_rows.rows(3)
    drawn = tuple(STUDY.figures) if figures.matplotlib_is_here() else ()
    assert names(rows) == drawn
    only = [
        row for row in rows if row["experiment"].endswith("nu_sweep") and row["params"]["nu"] == 1.0
    ]
    assert names(only) == drawn[2:]


def test_costs_scale_what_was_not_run():
    everything = {tables.spelled(batch): 2.0 for batch in FULL}
    minutes = sum(batch.n_repetitions for batch in FULL) * 2.0 / 60.0
    assert f"| {minutes:.0f} | **{minutes / 2.0:.0f}** |" in tables.costs(everything)
    twice = {tables.spelled(batch): 2.0 * tables.expected(batch) for batch in QUICK}
    minutes = sum(batch.n_repetitions * 2.0 * tables.expected(batch) for batch in FULL) / 60.0
    assert f"| {minutes:.0f} | **{minutes / 2.0:.0f}** |" in tables.costs(twice)


@pytest.mark.usefixtures("no_pictures")
def test_smoke_stops_and_goes_on(tmp_path, capsys):
    arguments = ["rivals", "--profile", "smoke", "--workers", "0", "--results", str(tmp_path)]
    assert command_line.main([*arguments, "--shard", "1/2"]) == 0
    out = capsys.readouterr().out
    assert (
        "3 runs made, 0 found" in out
        and "3 runs of the profile are missing" in out
        and "report:" not in out
    )
    folder = tmp_path / "rivals"
    for name in ("runs.jsonl", CLOCK):  # a kill in the middle of a line
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[: -len(content.splitlines()[-1]) // 2 - 1])
    assert command_line.main(arguments) == 0
    out = capsys.readouterr().out
    assert "4 runs made, 2 found in the store, 0 failed" in out and "report-smoke" in out
    assert (
        command_line.main(arguments) == 0
        and "0 runs made, 6 found in the store" in capsys.readouterr().out
    )
    assert (
        "(smoke profile, 1 to 2 matrices a point)"
        in (tmp_path / "rivals" / "report-smoke" / "RIVALS.md").read_text()
    )
    text = (folder / "runs.jsonl").read_text()
    assert "seconds." not in text and text.count("\n") == 6 == (folder / CLOCK).read_text().count(
        "\n"
    )


def test_the_store_splits_times_off_and_refuses_a_second_writer(tmp_path):
    key = STUDY.task(ROOT + "orthogonal", {"n_data": 9}, 0).key
    with RunStore(tmp_path) as store:
        store.append(key, {"scale": 1.0, "seconds.cpu": 2.0}, 3.0, {})
        assert store.rows[key]["result"] == {"scale": 1.0} and store.clock[key]["result"] == {
            "seconds.cpu": 2.0
        }
        with pytest.raises(StoreError, match="another run is writing here"):
            RunStore(tmp_path)
    with RunStore(tmp_path) as again:
        assert again.clock[key]["result"] == {"seconds.cpu": 2.0} and again.rows[key]["result"] == {
            "scale": 1.0
        }
