"""The claims, fixed before the full run: what P10 states or its theory implies, and which difference matters.

*Conventions.* Squared errors are compared in log10: 0.15 is a factor of 1.41, half a doubling of the sample size; 0.30
a doubling. Unless a claim says otherwise its level is 0.05 and its power 0.8. Margins were set from the question (what
would change a reader's mind) and from the errors that 500 matrices can give, before any full run, those on
the start of the fine tuning after the first one and before that experiment's own; the history shows it. After the full
run, with margins as for the points: the curves as wholes, and the predictions counted as one constant a method instead
of 24 points; since then a published number's verdict is that of an equivalence test.
"""

from __future__ import annotations

from functools import partial

from ..claims import Claim
from . import claims_of_figure1, claims_of_fine_tuning, claims_of_theory
from . import estimands as of
from .main_claims import main_claims
from .theory import METHODS


def all_claims() -> list[Claim]:
    """Return every claim, in the order of the report."""
    return [
        *main_claims(),
        *claims_of_figure1.curves(),
        *claims_of_theory.slopes(),
        *claims_of_figure1.medians(),
        *claims_of_figure1.means(),
        *claims_of_theory.approach(),
        *claims_of_theory.efficiency(),
        *claims_of_figure1.laplace_noise(),
        *claims_of_theory.coverage(),
        *claims_of_theory.mahalanobis(),
        *certificates(),
        *claims_of_figure1.optimiser(),
        *claims_of_fine_tuning.fine_tuning(),
    ]


def certificates() -> list[Claim]:
    """Fits of the certified protocol are proven local maxima."""
    return [
        Claim(
            "certified.share",
            "certificates",
            "more than 99.9 % of the certified protocol's fits are stationary to 1e-8 and proven local maxima",
            "requirement of this project",
            partial(of.certified_share, methods=METHODS),
            "greater",
            0.999,
            0.001,
            "0.001 is all that is left above 99.9 %",
        )
    ]
