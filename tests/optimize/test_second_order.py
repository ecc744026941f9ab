"""second_order.py: ridges that are touched only, to within what multipliers are known, hold nothing."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from nce_ref.optimize.second_order import curvature_along_ridges


@pytest.mark.parametrize(
    "multiplier, kind", [(0.0, "maximum"), (1.0 - 1e-6, "maximum"), (1.0 - 1e-12, "saddle"), (1.0, "saddle")]
)  # fmt: skip
def test_a_ridge_whose_multiplier_is_1_to_rounding_does_not_stop_upward_curvature(multiplier, kind):
    """J = z_1^2 - z_2^2 - |z_1| + mu z_1: a maximum where the ridge has any slack, not where the slack may be
    rounding."""
    kinks = SimpleNamespace(directions=np.array([[1.0, 0.0]]), weights=np.ones(1))
    found, top = curvature_along_ridges(
        SimpleNamespace(kinks=kinks), np.array([multiplier]), np.eye(2), np.diag([2.0, -2.0])
    )
    assert found == kind
    assert top == pytest.approx(2.0 if kind == "saddle" else -2.0)
