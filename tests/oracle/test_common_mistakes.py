"""The committed page of common mistakes is the generated one, holds every mistake, and its numbers are right."""

from __future__ import annotations

import math
import re

import numpy as np

import nce_ref as nr
from nce_ref.oracle import common_mistakes
from nce_ref.oracle.mistakes import CATALOGUE

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


def test_variants_stand_under_their_parent():
    """The plant of a greedy pattern: eps-in-log-1e-4 must not be a variant of eps-in-log-1e."""
    assert "\n### eps-in-log-1e-4\n" not in PAGE and "\n### clip-logits-10\n" not in PAGE
    assert "`eps-in-log-1e-4`" in PAGE.split("\n### eps-in-log\n")[1].split("\n##")[0]


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
