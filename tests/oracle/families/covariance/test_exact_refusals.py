"""Noise that leaves the information singular is refused by name, not by whatever comes of it."""

from __future__ import annotations

import pytest

from nce_ref.oracle.families.covariance.exact import asymptotic_covariance

EYE = [[1.0, 0.0], [0.0, 1.0]]


def test_noise_in_one_orthant_alone_is_refused():
    """Where s_1 and s_2 have one sign each, g_11 and g_21 = g_11 s_2/s_1 sign by sign are multiples of each other."""
    far = [[0.01, 0.0], [0.0, 0.01]]
    with pytest.raises(ValueError, match=r"noise_mean, noise_cov: I is singular in float64"):
        asymptotic_covariance(EYE, [8.0, 8.0], far, 1.0, digits=4)
    # The same noise where the orthants meet.
    assert asymptotic_covariance(EYE, [0.0, 0.0], far, 1.0, digits=4)["digits"] >= 4
