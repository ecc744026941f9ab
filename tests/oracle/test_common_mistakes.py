"""The committed page of common mistakes is the generated one, holds every mistake, and its numbers are right."""

from __future__ import annotations

import math
import re

import numpy as np

import nce_ref as nr
from nce_ref.oracle import common_mistakes
from nce_ref.oracle.mistakes import CATALOGUE, FORMER, find_mistake

PAGE = common_mistakes.page()
COMMAND = "python -m nce_ref.oracle.common_mistakes"


def test_the_committed_page_is_the_generated_one():
    assert common_mistakes.PAGE.read_text(encoding="utf-8") == PAGE, f"regenerate it: {COMMAND}"


def test_every_mistake_is_on_the_page_with_its_text():
    for id, mistake in CATALOGUE.items():
        heading, variant = f"\n### {id}\n", f"`{id}`"
        assert heading in PAGE or variant in PAGE, id
        if heading in PAGE:
            section = PAGE.split(heading)[1].split("\n##")[0]
            assert all(text in section for text in (mistake.title, mistake.effect, mistake.fix)), id
            assert mistake.seen == "-" or mistake.seen in section, id
            assert ("documented choice" in section) == mistake.choice, id


def test_a_number_that_varies_stands_with_its_mistake():
    """Former ids lead to it, and have no heading of their own."""
    assert {"eps-in-log-1e-4", "clip-logits-10", "clip-prob-1e-12", "jitter-1e-8"} <= set(FORMER)
    for former, id in FORMER.items():
        assert f"\n### {former}\n" not in PAGE and find_mistake(former) is CATALOGUE[id]
    section = PAGE.split("\n### eps-in-log\n")[1].split("\n##")[0]
    assert "1e-08, 0.001, 0.0001" in section


def test_no_heading_twice():
    headings = re.findall(r"^#+ .*$", PAGE, re.M)
    assert len(set(headings)) == len(headings)


def test_every_id_named_in_the_prose_exists():
    """In the table of symptoms and in brackets of the answers."""
    outside = set(re.findall(r"^### (\S+)$", PAGE, re.M))
    table = PAGE.split("## By symptom")[1].split("\n## ")[0]
    answers = PAGE.split("## What people ask")[1]
    named = set(
        re.findall(
            r"\b[a-z]+\d*(?:-[a-zA-Z0-9]+)+\b",
            " ".join(line.split("|")[2] for line in table.splitlines()[5:] if "|" in line),
        )
    )
    named |= {
        id
        for bracket in re.findall(r"\(([a-zA-Z0-9, -]+)\)", answers)
        for id in bracket.split(", ")
        if "-" in id and " " not in id
    }
    assert len(named) > 30
    assert named - set(CATALOGUE) - outside == set()


def test_the_chance_value_is_that_of_the_package():
    for nu, n_data, n_noise in ((0.5, 4, 2), (1.0, 3, 3), (2.5, 4, 10), (10.0, 1, 10)):
        value, _ = nr.nce_from_log_ratios(np.zeros(n_data), np.zeros(n_noise))
        assert math.isclose(common_mistakes.chance(nu), value, rel_tol=1e-14)
        assert f"| {nu:g} | {value:.4f} |" in PAGE
