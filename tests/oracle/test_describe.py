"""The oracle's stock as text: long arrays are cut short and say so, flags come with what they mean."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from nce_ref.oracle.describe import (
    describe_mistake,
    describe_numbers,
    describe_suite,
    vector_as_dict,
)
from nce_ref.oracle.mistakes import CATALOGUE
from nce_ref.oracle.vectors import cases, suite


def test_flags_are_listed_with_what_they_mean_and_only_those_that_are_carried():
    text = describe_suite(cases("sigmoid", flags="smoke"))
    assert f"  smoke: {suite()['flags']['smoke']['what']}" in text
    assert "  correlated-noise: " not in text and "sigmoid(t) -> value, grad" in text


def test_a_long_array_is_cut_short_and_says_so():
    vector = dataclasses.replace(
        cases("sigmoid")[0], inputs={"t": np.arange(3000.0).reshape(1000, 3)}
    )
    assert (
        "  t = 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, ... (1000 x 3 numbers, all by --json)\n"
        in describe_numbers(vector)
    )
    assert vector_as_dict(vector)["inputs"]["t"][999] == [2997.0, 2998.0, 2999.0]


@pytest.mark.parametrize("mistake_id", CATALOGUE)
def test_every_mistake_is_described_in_full(mistake_id):
    mistake, text = CATALOGUE[mistake_id], describe_mistake(mistake_id)
    assert text.startswith(f"{mistake.id}: {mistake.title}\n")
    assert all(
        part in text for part in (mistake.effect, mistake.fix, ", ".join(mistake.objectives))
    )
    assert ("a documented choice" in text) is mistake.choice
    assert (f"seen:       {mistake.seen}" in text) is (mistake.seen != "-")
