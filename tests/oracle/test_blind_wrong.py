"""Wrong implementations in NumPy, written without sight of the catalogue: each detected and named, in either dtype.

What was said of them before the catalogue had learnt from them stands in ``blind/ROUNDS.md``.
"""

from __future__ import annotations

import pytest

from tests.oracle import blind_verdicts
from tests.oracle.blind import wrong_a_numpy, wrong_b_numpy, wrong_c_numpy, wrong_d_numpy

IMPLEMENTATIONS = [
    row
    for who in (wrong_a_numpy, wrong_b_numpy, wrong_c_numpy, wrong_d_numpy)
    for row in who.IMPLEMENTATIONS
]


def test_all_are_there():
    assert len(IMPLEMENTATIONS) == len({name for name, *_ in IMPLEMENTATIONS}) == 49


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "name, objective, function", [pytest.param(*row[:3], id=row[0]) for row in IMPLEMENTATIONS]
)
def test_a_wrong_implementation_is_named(name, objective, function, dtype):
    blind_verdicts.verdict(name, objective, function, dtype)


def test_148_have_a_verdict():
    """Those in PyTorch and JAX are run in tests/peers."""
    names = {
        *blind_verdicts.NAMED,
        *blind_verdicts.HINTED,
        *blind_verdicts.CHOICES,
        *(name for name, _ in blind_verdicts.UNSEEN),
    }
    assert len(names) == 148
