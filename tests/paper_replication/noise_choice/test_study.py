"""python -m paper_replication noise-choice: what it writes, twice the same, and that the committed report is what it
writes.

Numbers are held to 1e-6: the optima are known to 1e-8, and are printed with seven decimals; words and verdicts to
equality.
"""

from __future__ import annotations

import csv
import re

import pytest

from paper_replication import figures
from paper_replication.command_line import main
from paper_replication.noise_choice.study import STUDY
from paper_replication.report import build_report

FOLDER = STUDY.committed
FILES = ("NOISE_CHOICE.md", "optima.csv", "curves.csv")
NUMBER = re.compile(r"-?\d+(\.\d+)?(e-?\d+)?")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("noise_choice")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(figures, "matplotlib_is_here", lambda: False)
        assert main(["noise-choice", "--out", str(folder)]) == 0
    return folder


def close(one, two):
    if NUMBER.fullmatch(one) and NUMBER.fullmatch(two):
        return abs(float(one) - float(two)) <= 1e-6 * max(1.0, abs(float(two)))
    return one == two


def differences(one, two):
    rows = [list(csv.reader(text.splitlines())) for text in (one, two)]
    if len(rows[0]) != len(rows[1]):
        return ["another number of rows"]
    return [
        pair for pair in zip(*rows) if len(pair[0]) != len(pair[1]) or not all(map(close, *pair))
    ]


def test_the_committed_numbers_are_what_the_command_makes(made):
    for name in FILES[1:]:
        committed = (FOLDER / name).read_text(encoding="utf-8")
        assert not differences(committed, (made / name).read_text(encoding="utf-8"))
        assert (
            differences(
                committed.replace("0.69745", "0.69765"), (made / name).read_text(encoding="utf-8")
            )
            or "0.69745" not in committed
        )
    assert "0.69745" in (FOLDER / FILES[1]).read_text(encoding="utf-8")  # so the plant was one


def test_the_committed_words_are_what_the_command_writes(made):
    body, _, picture = (
        (FOLDER / FILES[0])
        .read_text(encoding="utf-8")
        .partition("![noise_choice](figures/noise_choice.png)")
    )
    assert picture
    made_here, _, note = (
        (made / FILES[0]).read_text(encoding="utf-8").partition("The figures were left out")
    )
    assert made_here.strip() == body.strip() and "matplotlib is not installed" in note


def test_the_committed_picture_is_there():
    assert (FOLDER / "figures" / "noise_choice.png").read_bytes().startswith(b"\x89PNG")


def test_twice_the_same_bytes(made, tmp_path, monkeypatch):
    monkeypatch.setattr(figures, "matplotlib_is_here", lambda: False)
    build_report(STUDY, [], tmp_path, {})
    for name in FILES:
        assert (tmp_path / name).read_bytes() == (made / name).read_bytes()


def test_no_machine_is_named(made):
    for name in FILES:
        assert "/tmp" not in (made / name).read_text(encoding="utf-8")
