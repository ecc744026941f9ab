"""wider.py: the numbers behind the sentence of advice, against quadrature and a formula; no advice where they do not
bear it out."""

from __future__ import annotations

import dataclasses

import pytest

from paper_replication.noise_choice.criterion import PROBLEMS, TARGETS
from paper_replication.noise_choice.text import advice, wider_table
from paper_replication.noise_choice.wider import NUS, WIDTHS, compare


@pytest.fixture(scope="module")
def rows():
    return compare()


def test_noise_equal_to_the_data_has_its_formula(rows):
    """(1 + nu)^2/nu times Cramer-Rao, whatever the model is smooth in; Gaussians only, where noise = data is the model
    itself."""
    for row in rows[:3]:
        assert row.best_nu[0] == 1.0 and row.relative[0] == 1.0
        assert row.at_three_quarters[0] == pytest.approx(1.75**2 / 0.75 / 4.0, rel=2e-3)
        assert row.ten_over_fifty[0] == pytest.approx((1 + 1 / 10) / (1 + 1 / 50), rel=2e-3)


def test_one_dimension_is_what_quadrature_says(rows):
    """The variance model of the study: 30.3 % saved at variance 3.033, nu = 0.571; within it at the nearest widths, and
    not below."""
    assert 0.697 < min(rows[0].relative) < 0.71
    assert rows[0].relative[WIDTHS.index(2.0)] == min(rows[0].relative)


def test_the_sentence_has_the_tables_numbers(rows):
    saved = [100 * (1 - row.at_three_quarters[k]) for row in rows for k in (1, 2)]
    words = advice(rows)
    assert f"{min(saved[::2]):.0f} to {max(saved[::2]):.0f} % (1.2)" in words
    assert f"{min(saved[1::2]):.0f} to {max(saved[1::2]):.0f} % (1.5)" in words
    assert min(saved) > 10.0 and "Take noise 1.2 to 1.5 times as wide" in words
    assert all(0.25 < nu < 50.0 for row in rows for nu in row.best_nu), (
        "no optimum at the grid's end"
    )
    assert wider_table(rows).count("\n") >= len(rows) + 2 and 0.75 in NUS


def test_no_advice_where_the_numbers_do_not_bear_it_out(rows):
    worse = dataclasses.replace(rows[0], at_three_quarters=(1.0, 0.95, 0.9, 0.9, 0.9))
    assert "Take noise" not in advice([*rows[1:], worse])
    assert len(PROBLEMS) * len(TARGETS) == 9
