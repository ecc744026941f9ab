"""What a first reader asks, in the form that needs the fewest runs: the claims that the quick profile resolves.

Beside the published curves as wholes (``claims_of_figure1.curves``). They measure log10 |E|^2, the logarithm of the
relative error, whose spread is half of that of the error of B. Written after the first full run, from its standard
errors and not from its verdicts: at these the computed power of every one is at least 0.9 with the quick profile's
runs, whose repetitions nobody had seen. Conventions: ``claim_list.py``.
"""

from __future__ import annotations

from functools import partial

from ..claims import STATEMENT, THEOREM, Claim
from . import estimands as of

FAMILY = "main claims"


def main_claims() -> list[Claim]:
    """The 1/T law, the price of not knowing Z, and the better noise."""
    gaussian = "nce_gaussian"
    return [
        Claim(
            "main.slope",
            FAMILY,
            "NCE, Gaussian noise: the squared error falls like 1/T from T = 2000 to 32000 (mean of"
            " log10 |E|^2)",
            "P10 Fig. 1; Theorem 2, Corollary",
            partial(
                of.slope_of_log,
                column=f"{gaussian}.certified.relative_error",
                sizes=(2000, 32000),
            ),
            "equivalence",
            -1.0,
            0.15,
            "just below the distance to the published rivals, T^-0.81 and T^-0.84",
            power=0.9,
            owner=THEOREM,
        ),
        Claim(
            "main.price",
            FAMILY,
            "NCE, Gaussian noise, over MLE, T >= 1000: the ratio of squared errors is the limit"
            " law's (mean of log10)",
            "P10 Theorem 3",
            partial(
                of.mean_log_ratio, methods=(gaussian, "mle"), n_data_from=1000, beside_limit=True
            ),
            "equivalence",
            0.0,
            0.05,
            "12 %: a third of the step (0.14) between the theory's ratios for the two noises",
            power=0.9,
            owner=THEOREM,
        ),
        Claim(
            "main.noise",
            FAMILY,
            "the fitted Laplace noise gives a smaller squared error than Gaussian noise, T >= 1000"
            " (mean of log10, paired)",
            "P10 section 3.1, Fig. 1 (c)",
            partial(of.mean_log_ratio, methods=("nce_laplace", gaussian), n_data_from=1000),
            "less",
            0.0,
            0.10,
            "20 % would still be worth the second fit",
            power=0.9,
            owner=STATEMENT,
        ),
    ]
