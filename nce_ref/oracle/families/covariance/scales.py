"""The scale of Sigma: sqrt(Sigma_ii Sigma_jj), since an entry is 0 by symmetry where a quadrature has its error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nce_ref._checks import Float
from nce_ref.oracle.families.base import Scales


def asymptotic_covariance(want: Mapping[str, Float], **inputs: Any) -> Scales:
    """Scales of every entry."""
    deviations = np.sqrt(np.diagonal(want["covariance"]))
    return {"covariance": np.outer(deviations, deviations)}
