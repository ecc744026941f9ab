"""The lesson from made-up runs: whole, given back by its own runs, honest about what is missing; and its section of the
report."""

import json
from dataclasses import replace

import pytest
import walkthrough_rows

from paper_replication import command_line, figures, profiles
from paper_replication.report import build_report, other_study
from paper_replication.store import StoreError, read_rows
from paper_replication.studies import all_studies
from paper_replication.study import Findings
from paper_replication.walkthrough import fault_list, lesson, study, tables
from paper_replication.walkthrough.evidence import ROOT, gather
from paper_replication.walkthrough.study import STUDY

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
    made = build_report(STUDY, walkthrough_rows.rows()[::-1], tmp_path / "one", ABOUT)
    again, note = read_rows(tmp_path / "one" / "runs.jsonl.gz")
    build_report(
        STUDY,
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
    assert "The figures were left out: matplotlib is not installed" in text
    for judgement in made.judgements:
        (line,) = [
            line for line in text.splitlines() if line.startswith(f"| `{judgement.claim.id}` |")
        ]
        assert f"| **{judgement.verdict}** |" in line


def test_what_is_missing_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(lesson, "sklearn_is_here", lambda: False)
    rows = [row for row in walkthrough_rows.rows(2) if not row["experiment"].endswith("real_data")]
    text = build_report(STUDY, rows, tmp_path, {"missing": 3, "profile": "quick"}).path.read_text()
    for said in (
        "The quick path",
        "3 runs of the profile are missing",
        "The real data was left out: scikit-learn is not installed",
        "brings matplotlib and scikit-learn",
    ):
        assert said in text
    assert "## 9." not in text
    with pytest.raises(StoreError, match="there are no runs of walkthrough to report on"):
        build_report(STUDY, [], tmp_path, {})


def test_the_main_report_tells_of_the_lesson(tmp_path):
    assert other_study(STUDY, tmp_path) == ""
    made = build_report(STUDY, walkthrough_rows.rows(), tmp_path, ABOUT)
    section = other_study(STUDY, tmp_path)
    assert STUDY.beside in section and "| 8 done right | 7 | 0 | 0 |" in section
    assert f"| **all** | **{len(made.judgements)}**" in section
    (tmp_path / "claims.json").unlink()
    assert other_study(STUDY, tmp_path) == f"\n{STUDY.beside}\n"  # a study without claims
    main, *others = all_studies()
    findings = Findings(main, None, [], {}, tmp_path)
    assert main.after(findings) == ""
    for one in others:
        (tmp_path / one.name).mkdir()
        (tmp_path / one.name / one.text).write_text("# here\n")
    text = main.after(findings)
    places = [text.index(one.beside) for one in others]
    assert places == sorted(places) and len(places) == len(all_studies()) - 1


@pytest.fixture
def few(monkeypatch):
    """Leave the walkthrough three fast experiments."""
    names = [ROOT + name for name in ("as_published", "ica_faults", "naive_logarithm")]
    (quick,) = [profile for profile in STUDY.profiles if profile.name == "quick"]
    batches = tuple(batch for batch in quick.batches if batch.experiment in names)
    made = replace(STUDY, profiles=(replace(quick, batches=batches),))
    monkeypatch.setattr(study, "STUDY", made)


@pytest.mark.usefixtures("few")
def test_the_quick_path_from_the_command_line(tmp_path, capsys):
    arguments = ["walkthrough", "--quick", "--workers", "0", "--results", str(tmp_path)]
    assert command_line.main(arguments) == 0
    out = capsys.readouterr().out
    assert "6 runs made, 0 found in the store, 0 failed" in out and "whose claims" in out
    assert (tmp_path / "walkthrough" / "report-quick" / "WALKTHROUGH.md").exists()
    assert (
        command_line.main(arguments) == 0
        and "0 runs made, 6 found in the store" in capsys.readouterr().out
    )


@pytest.mark.usefixtures("few")
def test_a_run_that_fails_makes_the_exit_code_one(tmp_path, monkeypatch, capsys):
    from paper_replication.walkthrough.experiments import naive_logarithm

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
        and "2 runs of the profile are missing"
        in (tmp_path / "walkthrough" / "report-quick" / "WALKTHROUGH.md").read_text()
    )


def test_without_scikit_learn_the_tables_are_left_out(monkeypatch):
    for here, count in ((None, 0), ("a spec", 20 * len(tables.TABLES))):
        monkeypatch.setattr(profiles.importlib.util, "find_spec", lambda name, here=here: here)
        tasks = STUDY.tasks("full")
        assert len([task for task in tasks if "table" in task.key.params]) == count
    full, quick = (STUDY.profile(name).batches for name in ("full", "quick"))
    assert len(STUDY.tasks("quick")) == 2 * len(full) == 2 * len(quick)


def test_every_panel_has_its_columns():
    found = gather(walkthrough_rows.rows(2))
    shown = fault_list.panels()
    assert [panel.title[0] for panel in shown] == [*"1234567", "d"]
    for panel in shown:
        for _, experiment, column, _ in panel.groups:
            assert found.column(experiment, column).size == 2


def test_figures_need_not_many_runs(tmp_path, monkeypatch):
    monkeypatch.undo()
    findings = Findings(STUDY, gather(walkthrough_rows.rows(1)), [], {"profile": "quick"}, tmp_path)
    names, _ = figures.draw_figures(tmp_path, findings)
    wanted = set(STUDY.figures) - {"tsne"} if figures.matplotlib_is_here() else set()
    assert set(names) - {"tsne"} == wanted
