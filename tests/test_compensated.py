"""_compensated.py against rational arithmetic, where float64's own products have lost everything."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from nce_ref import _compensated as module
from nce_ref._compensated import UNIT, compensated_error, compensated_product, product_rest


def exact(left, right, rest):
    return [
        [
            sum(
                Fraction(a) * (Fraction(b) + Fraction(c))
                for a, b, c in zip(row, column, low, strict=True)
            )
            for column, low in zip(right.T, rest.T, strict=True)
        ]
        for row in left.T
    ]


def problems():
    rng = np.random.default_rng(0)
    for spread in (0.0, 8.0, 30.0):
        left = rng.standard_normal((6, 4)) * 10.0 ** rng.uniform(-spread, spread, (6, 4))
        right = rng.standard_normal((6, 5)) * 10.0 ** rng.uniform(-spread, spread, (6, 5))
        # The last row cancels what the others add up to, to rounding.
        left[-1], right[-1] = -1.0, (left[:-1].T @ right[:-1])[0]
        yield left, right, right * rng.uniform(-UNIT, UNIT, right.shape)


def worst(product):
    """The largest error in units of its bound."""
    found = 0.0
    for left, right, rest in problems():
        sizes = np.abs(left).T @ np.abs(right)
        for got, true, size in zip(
            product(left, right, rest).ravel(),
            np.ravel(exact(left, right, rest)),
            sizes.ravel(),
            strict=True,
        ):
            bound = 2.0 * UNIT * abs(float(true)) + compensated_error(len(left)) * size
            found = max(found, abs(float(Fraction(got) - true)) / bound)
    return found


def test_products_are_right_to_the_stated_error():
    assert worst(compensated_product) <= 1.0


@pytest.mark.parametrize(
    "plain",
    [
        lambda left, right, rest: left.T @ right,
        lambda left, right, rest: compensated_product(left, right),
        lambda left, right, rest: left.T @ right + left.T @ rest,
    ],
)
def test_less_care_is_seen(plain):
    assert worst(plain) > 1e3


def test_the_rest_of_a_product_is_exact():
    rng = np.random.default_rng(1)
    a, b = rng.standard_normal((2, 1000)) * 10.0 ** rng.uniform(-100, 100, (2, 1000))
    for x, y, rest in zip(a, b, product_rest(a, b, a * b), strict=True):
        assert Fraction(x) * Fraction(y) - Fraction(x * y) == Fraction(rest)


def test_a_splitter_of_another_width_is_seen(monkeypatch):
    monkeypatch.setattr(module, "_SPLITTER", 2.0**20 + 1.0)
    with pytest.raises(AssertionError):
        test_the_rest_of_a_product_is_exact()
