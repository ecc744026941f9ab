"""What standard errors ask an objective: which form of covariance is its own. Who computes one offers all forms.

An objective says ``covariance_by(forms)``, one line, and is handed back (Sigma, method); one without a covariance of
any of these kinds raises ValueError there with the reason.

Conventions
-----------
Sigma   (n_params, n_params)   n_data times the covariance of theta-hat, c included
"""

from __future__ import annotations

from typing import Any, Protocol

from nce_ref._checks import Float


class CovarianceForms(Protocol):
    """(Sigma, what it rests on) at the estimate, a form each; the problem is the objective that asks."""

    def of_classification(self, problem: Any, /) -> tuple[Float, str]:
        """Data told from noise, c an unknown."""
        ...

    def of_likelihood(self, problem: Any, /) -> tuple[Float, str]:
        """c = -ln Z, by the delta method."""
        ...

    def of_pairs(self, problem: Any, /) -> tuple[Float, str]:
        """A mean over data, each with noise points of its own; c cancels."""
        ...
