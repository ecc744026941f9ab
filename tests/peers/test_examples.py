"""nce_ref/examples/from_autodiff.py, which needs JAX or PyTorch, prints estimates of the right law."""

from __future__ import annotations

import re

import pytest

from tests.test_examples import printed


def test_from_autodiff_agrees_with_the_law():
    pytest.importorskip("jax")
    lines = printed("from_autodiff").splitlines()
    assert lines
    for line in lines:
        a, b, c = (float(t) for t in re.findall(r"-?\d+\.\d*", line)[:3])
        # Standard errors some 0.08, 0.02 and 0.03.
        assert abs(a - 2) < 0.5 and abs(b - 0.5) < 0.12 and abs(c + 0.452) < 0.18
