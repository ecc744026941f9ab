"""The lesson from made-up runs: whole, given back by its own runs, honest about what is missing; and its section of the report."""

import json

import pytest
import walkthrough_rows

from paper_replication import command_line, figures, report
from paper_replication.store import StoreError, read_rows
from paper_replication.walkthrough import command, fault_list, plan, tables
from paper_replication.walkthrough import figures as lesson_figures
from paper_replication.walkthrough import report as lesson_report
from paper_replication.walkthrough.evidence import gather

ABOUT = {"profile": "walkthrough", "missing": 0}


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch):
    monkeypatch.setattr(figures, "matplotlib_is_here", lambda: False)


def files(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_lesson_is_whole_and_its_own_runs_give_it_back(tmp_path):
    made = lesson_report.build(walkthrough_rows.rows()[::-1], tmp_path / "one", ABOUT)
    again, note = read_rows(tmp_path / "one" / "runs.jsonl.gz")
    lesson_report.build(
        again,
        tmp_path / "two",
        json.loads((tmp_path / "one" / "provenance.json").read_text())["runs"],
    )
    assert note == "" and files(tmp_path / "one") == files(tmp_path / "two")
    assert set(files(tmp_path / "one")) == {
        "WALKTHROUGH.md",
        "summary.csv",
        "claims.json",
        "provenance.json",
        "runs.jsonl.gz",
    }
    text = made.path.read_text()
    for step in range(10):
        assert f"\n## {step}. " in text
    assert "nan" not in text and "(no runs)" not in text and "figures/" not in text
    assert "The figures were left out: matplotlib is not installed." in text
    for judgement in made.judgements:
        (line,) = [
            line for line in text.splitlines() if line.startswith(f"| `{judgement.claim.id}` |")
        ]
        assert f"| **{judgement.verdict}** |" in line


def test_what_is_missing_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(lesson_report, "sklearn_is_here", lambda: False)
    rows = [row for row in walkthrough_rows.rows(2) if not row["experiment"].endswith("real_data")]
    text = lesson_report.build(rows, tmp_path, {"missing": 3}, quick=True).path.read_text()
    for said in (
        "The quick path",
        "3 runs are missing",
        "The real data was left out: scikit-learn is not installed",
        "brings both",
    ):
        assert said in text
    assert "## 9." not in text
    with pytest.raises(StoreError, match="there are no runs to report on"):
        lesson_report.build([], tmp_path, {})


def test_the_section_stands_last_and_is_put_in_once(tmp_path):
    assert report.walkthrough_section(tmp_path) == ""
    (tmp_path / "REPORT.md").write_text("# A report\n\n## All claims\n\n| a |\n")
    lesson_report.build(walkthrough_rows.rows(), tmp_path / "walkthrough", ABOUT)
    for _ in range(2):
        report.refresh_section(tmp_path)
        text = (tmp_path / "REPORT.md").read_text()
        assert text == "# A report\n\n## All claims\n\n| a |\n" + report.walkthrough_section(
            tmp_path
        )
    for study, name in (("rivals", "claims.json"), ("noise_choice", "NOISE_CHOICE.md")):
        (tmp_path / study).mkdir()
        (tmp_path / study / name).write_text('[{"family": "speed", "verdict": "confirmed"}]')
    for _ in range(2):
        report.refresh_section(tmp_path)
        whole = (tmp_path / "REPORT.md").read_text()
        assert whole == "# A report\n\n## All claims\n\n| a |\n" + report.other_studies(tmp_path)
    assert whole.endswith(report.walkthrough_section(tmp_path)) and "| speed | 1 | 0 | 0 |" in whole
    assert (
        whole.index(report.RIVALS)
        < whole.index(report.NOISE_CHOICE)
        < whole.index(report.WALKTHROUGH)
    )
    assert text.count(report.WALKTHROUGH) == 1 and "| 8 done right | 7 | 0 | 0 |" in text


def test_the_quick_path_from_the_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(
        plan,
        "FULL",
        tuple(
            entry
            for entry in plan.FULL
            if entry[0] in ("as_published", "ica_faults", "naive_logarithm")
        ),
    )
    arguments = ["walkthrough", "--quick", "--workers", "0", "--results", str(tmp_path)]
    assert command_line.main(arguments) == 0
    out = capsys.readouterr().out
    assert (
        "6 runs made, 0 found in the store, 0 failed" in out
        and "0 the walkthrough as it stands" in out
    )
    assert (tmp_path / "report-walkthrough-quick" / "WALKTHROUGH.md").exists()
    assert (
        command_line.main(arguments) == 0
        and "0 runs made, 6 found in the store" in capsys.readouterr().out
    )


def test_a_run_that_fails_makes_the_exit_code_one(tmp_path, monkeypatch, capsys):
    from paper_replication.walkthrough.experiments import naive_logarithm

    monkeypatch.setattr(
        plan,
        "FULL",
        tuple(entry for entry in plan.FULL if entry[0] in ("as_published", "naive_logarithm")),
    )
    monkeypatch.setattr(
        naive_logarithm,
        "run",
        lambda params, rng: (_ for _ in ()).throw(ArithmeticError("planted")),
    )
    arguments = ["walkthrough", "--quick", "--workers", "0", "--results", str(tmp_path)]
    assert command_line.main(arguments) == 1
    captured = capsys.readouterr()
    assert (
        "planted" in captured.err
        and "2 runs are missing"
        in (tmp_path / "report-walkthrough-quick" / "WALKTHROUGH.md").read_text()
    )


def test_without_scikit_learn_the_tables_are_left_out(monkeypatch):
    monkeypatch.setattr(plan, "sklearn_is_here", lambda: False)
    assert not [task for task in plan.tasks() if "table" in task.key.params]
    monkeypatch.setattr(plan, "sklearn_is_here", lambda: True)
    assert len([task for task in plan.tasks() if "table" in task.key.params]) == 20 * len(
        tables.TABLES
    )
    assert command.plan is plan and len(plan.tasks(quick=True)) == 2 * len(plan.FULL)


def test_every_panel_has_its_columns():
    found = gather(walkthrough_rows.rows(2))
    shown = fault_list.panels()
    assert [panel.title[0] for panel in shown] == [*"1234567", "d"]
    for panel in shown:
        for _, experiment, column, _ in panel.groups:
            assert found.column(experiment, column).size == 2


def test_figures_need_neither_many_runs_nor_pictures(tmp_path, monkeypatch):
    monkeypatch.undo()
    names = lesson_figures.write_figures(tmp_path, gather(walkthrough_rows.rows(1)), None, None)
    assert names == (["logarithm", "faults", "real_data"] if figures.matplotlib_is_here() else [])
