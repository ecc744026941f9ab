"""Wrong implementations in NumPy, written without sight of the catalogue: each detected and named, in either dtype.

What was said of them before the catalogue had learnt from them stands in ``blind/ROUNDS.md``.
"""

from __future__ import annotations

import functools

import numpy as np
import pytest

from nce_ref.oracle.objectives import OBJECTIVES
from nce_ref.oracle.vectors import cases
from tests.oracle import blind_verdicts
from tests.oracle.blind import wrong_a_numpy, wrong_b_numpy, wrong_c_numpy, wrong_d_numpy

pytestmark = pytest.mark.long

IMPLEMENTATIONS = [
    row
    for who in (wrong_a_numpy, wrong_b_numpy, wrong_c_numpy, wrong_d_numpy)
    for row in who.IMPLEMENTATIONS
]


# Estimates and covariances take seconds. These implementations compute them in float64 whatever comes and cast at the
# end, as ``test_what_is_computed_once_is_the_same_in_float32`` sees; so what came for float64 is cast for float32.
ONCE = {row[2] for row in IMPLEMENTATIONS if OBJECTIVES[row[1]].kind in ("estimate", "covariance")}


@functools.cache
def once(function):
    """The implementation, asked once for inputs of the same values."""
    found = {}

    @functools.wraps(function)
    def answer(**inputs):
        arrays = {name: np.asarray(value, dtype=np.float64) for name, value in inputs.items()}
        dtype = next(iter(inputs.values())).dtype
        key = tuple((name, value.shape, value.tobytes()) for name, value in arrays.items())
        if key not in found:
            in_float64 = {
                name: arrays[name] if isinstance(value, np.ndarray) else value
                for name, value in inputs.items()
            }
            found[key] = function(**in_float64)
        return {name: np.asarray(value).astype(dtype) for name, value in found[key].items()}

    return answer


def same_in_float32(function, objective):
    """The smallest problem in two dimensions, which all of them can do, to the last bit."""
    vector = min(
        (vector for vector in cases(objective) if len(vector.inputs["noise_mean"]) == 2),
        key=lambda vector: sum(np.size(value) for value in vector.inputs.values()),
    )
    inputs = vector.arguments("float32")
    direct, remembered = function(**inputs), once(function)(**inputs)
    return all(
        value.dtype == np.float32 and np.array_equal(value, remembered[name], equal_nan=True)
        for name, value in direct.items()
    )


def test_what_is_computed_once_is_the_same_in_float32():
    assert len(ONCE) == 6
    for _, objective, function, *_ in IMPLEMENTATIONS:
        if function in ONCE:
            assert same_in_float32(function, objective)

    def in_its_own_dtype(B, noise_mean, noise_cov, nu):
        return {"covariance": (B / 3) * (B / 7) * (B / 11)}

    assert not same_in_float32(in_its_own_dtype, "asymptotic_covariance")


def test_all_are_there():
    assert len(IMPLEMENTATIONS) == len({name for name, *_ in IMPLEMENTATIONS}) == 49


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "name, objective, function", [pytest.param(*row[:3], id=row[0]) for row in IMPLEMENTATIONS]
)
def test_a_wrong_implementation_is_named(name, objective, function, dtype):
    asked = once(function) if function in ONCE else function
    blind_verdicts.verdict(name, objective, asked, dtype)


def test_148_have_a_verdict():
    """Those in PyTorch and JAX are run in tests/peers."""
    names = {
        *blind_verdicts.NAMED,
        *blind_verdicts.HINTED,
        *blind_verdicts.CHOICES,
        *(name for name, _ in blind_verdicts.UNSEEN),
    }
    assert len(names) == 148
