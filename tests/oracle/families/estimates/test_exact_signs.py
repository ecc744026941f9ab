"""Turning a row of B in sign turns the arguments and the multipliers of its kinks, and nothing else: both signs are
refused alike."""

from __future__ import annotations

import re

import numpy as np
import pytest

from nce_ref.oracle.families.estimates.exact import laplace_ica_nce_estimate
from tests.oracle.estimate_problems import ICA, fitted, kinks_of

CASE = ICA[0]


def turn(B, row, sign):
    """B with one row times ``sign``."""
    turned = np.array(B)
    turned[row] *= sign
    return turned


@pytest.mark.parametrize("sign", [1, -1])
def test_a_kink_far_from_the_start_is_no_active_one(sign):
    """An argument of either sign, of every size from 1e-8 of |b||x| to its largest, is not taken for 0."""
    inputs, _, B, c, kinks, _ = fitted(CASE)
    x = inputs["x"]
    cosine = (B[1] @ x.T) / (np.linalg.norm(B[1]) * np.linalg.norm(x, axis=1))
    near, far = (
        int(t)
        for t in (
            min(np.flatnonzero(np.abs(cosine) > 1e-9), key=lambda t: abs(cosine[t])),
            np.argmax(np.abs(cosine)),
        )
    )
    for t in (near, far):
        # The row is turned so that the argument has the wanted sign.
        turned = turn(B, 1, sign * np.sign(cosine[t]))
        assert np.sign(turned[1] @ x[t]) == sign and (1, t) not in kinks
        with pytest.raises(ValueError, match=rf"b_1 \. x_{t} is .* at the start; expected 0"):
            laplace_ica_nce_estimate(turned, c, [*kinks, (1, t)], **inputs)
    # 1e-8 of the lengths off, on the wanted side: still no kink, where 1e-10 is one.
    k = next(t for i, t in kinks if i == 1)
    for off, is_kink in ((1e-8, False), (1e-10, True)):
        moved = np.array(B)
        moved[1] += sign * off * np.linalg.norm(B[1]) / np.linalg.norm(x[k]) * x[k]
        assert (1, k) in kinks_of(B, x)
        if is_kink:
            assert laplace_ica_nce_estimate(moved, c, kinks, **inputs)["radius"] < 1e-40
        else:
            with pytest.raises(ValueError, match=rf"b_1 \. x_{k} is "):
                laplace_ica_nce_estimate(moved, c, kinks, **inputs)


def test_a_multiplier_beyond_one_is_refused_in_either_sign():
    inputs, _, B, c, kinks, _ = fitted(CASE)
    x = inputs["x"]
    found = []
    for t in np.argsort(np.abs(B[1] @ x.T) / np.linalg.norm(x, axis=1))[:6]:
        if (1, int(t)) in kinks:
            continue
        onto = np.array(B)
        onto[1] -= (B[1] @ x[t]) / (x[t] @ x[t]) * x[t]
        said = []
        for sign in (1, -1):
            with pytest.raises(ArithmeticError) as caught:
                laplace_ica_nce_estimate(
                    turn(onto, 1, sign),
                    c,
                    [k for k in kinks if k[0] == 0] + [(1, int(t))],
                    **inputs,
                )
            said.append(re.findall(rf"b_1 \. x_{t} = 0 is ([-+.\d]+); at a", str(caught.value)))
        assert len(said[0]) == len(said[1])
        if said[0]:
            found.append([float(mu) for (mu,) in said])
    assert found and all(a == -b and abs(a) > 1 for a, b in found)


@pytest.mark.parametrize("row", [0, 1])
def test_the_estimate_turns_with_the_row(row):
    inputs, _, B, c, kinks, got = fitted(CASE)
    other = laplace_ica_nce_estimate(turn(B, row, -1), c, kinks, **inputs)
    assert other["B"][row] == [v.copy_negate() for v in got["B"][row]]
    assert other["B"][1 - row] == got["B"][1 - row]
    assert other["multipliers"] == [
        mu.copy_negate() if i == row else mu for (i, _), mu in zip(kinks, got["multipliers"])
    ]
    for name in ("c", "value", "standard_errors", "kink_distance_data", "kink_distance_noise"):
        assert other[name] == got[name]
