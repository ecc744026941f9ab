"""The README keeps its word: the example prints what stands there, commands and files exist, the verdicts are the
report's."""

import json
import re
import sys
import tomllib
from pathlib import Path

import pytest

import nce_ref
from nce_ref.__main__ import main
from tests.docs import guide

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return [code for kind, code in guide.blocks(TEXT) if kind == language]


def test_the_example_prints_what_stands_below_it():
    code, output = blocks("python")[0], blocks("text")[0]
    assert guide.run(code, {}, "README.md") == output


def test_the_wrong_loss_is_told_what_stands_below_it(tmp_path, monkeypatch, capsys):
    code, output = blocks("python")[1], blocks("text")[1]
    (tmp_path / "losses.py").write_text(code)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))  # the command adds the current folder
    command = re.search(r"`python -m nce_ref (check losses:binary_nce)`", TEXT)
    assert main(command[1].split()) == 1
    sys.modules.pop("losses")
    assert capsys.readouterr().out == output


def test_every_command_is_a_target():
    targets = set(
        re.findall(
            r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE
        )
    )
    named = set(re.findall(r"\bmake ([a-z-]+)", TEXT)) - {"and"}
    assert named and named <= targets


def test_every_linked_file_exists():
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", TEXT) if "://" not in link]
    assert links and [link for link in links if not (ROOT / link).exists()] == []


def test_the_verdict_table_is_that_of_the_committed_report():
    claims = json.loads((ROOT / "paper_replication/report/claims.json").read_text(encoding="utf-8"))
    counts = {}
    for claim in claims:
        owner = counts.setdefault(
            claim["owner"], {"confirmed": 0, "contradicted": 0, "not resolved": 0}
        )
        owner[claim["verdict"]] += 1
    rows = re.findall(r"^\| ([^|*]+?) \| (\d+) \| (\d+) \| (\d+) \|$", TEXT, flags=re.MULTILINE)
    assert {name: tuple(map(int, numbers)) for name, *numbers in rows} == {
        name: tuple(c.values()) for name, c in counts.items()
    }
    of_paper = counts["the paper's number"]
    told = f"{of_paper['not resolved']} of its {sum(of_paper.values())} numbers"
    assert told in TEXT and "Nothing of Figure 1 is contradicted" in TEXT
    assert of_paper["contradicted"] == counts["the paper's statement"]["contradicted"] == 0


def conclusions_of(report):
    """The sentences of a report, which stand there only if their claims have the verdicts that they need."""
    text = (ROOT / "paper_replication/report" / report).read_text(encoding="utf-8")
    section = text.split("## Conclusions")[1].split("\n## ")[0]
    return re.findall(r"^- (.*) \(`[^)]*`\)$", section, flags=re.MULTILINE)


def test_what_was_found_is_said_in_the_reports_words():
    section = TEXT.split("## What the replication found")[1].split("\n## ")[0]
    said = re.findall(r"^- (\*\*.*)$", section, flags=re.MULTILINE)
    there = [*conclusions_of("REPORT.md"), *conclusions_of("rivals/RIVALS.md")]
    there += conclusions_of("images/IMAGES.md")
    assert len(said) >= 6 and [one for one in said if one not in there] == []


@pytest.mark.parametrize("study", ["rivals", "images"])
def test_the_claims_of_other_studies_are_counted(study):
    path = ROOT / "paper_replication/report" / study / "claims.json"
    verdicts = [claim["verdict"] for claim in json.loads(path.read_text(encoding="utf-8"))]
    counts = [verdicts.count(v) for v in ("confirmed", "contradicted", "not resolved")]
    told = "of {} claims {} confirmed, {} contradicted, {} not resolved"
    assert told.format(len(verdicts), *counts) in TEXT


def test_one_version_everywhere():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    cited = re.search(r"^version: (\S+)$", citation, flags=re.MULTILINE)
    in_readme = re.search(r"version (\d+\.\d+\.\d+)\.$", TEXT, flags=re.MULTILINE)
    assert project["version"] == nce_ref.__version__ == cited[1] == in_readme[1]
