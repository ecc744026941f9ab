"""Claims about the rivals in P10 section 3.1: Figure 1 (a) and (b) and the text beside them. Conventions:
``claim_list.py``."""

from __future__ import annotations

import math
from functools import partial

from ..claims import NUMBER, STATEMENT, Claim
from ..figure1 import estimands as house
from . import estimands as of
from .experiments.race import LEVELS
from .plan import ORTHOGONAL_SIZE
from .published import LABELS, SIZES, curve, figure1a

RIVALS = (("is", "B"), ("is", "c"), ("sm", "B"), ("cd", "B"))
OWN_CHOICE = (
    "; CD's settings are ours, its 90 % acceptance chosen with the paper's CD/MLE in sight: no"
    " independent confirmation"
)


def medians() -> list[Claim]:
    """Every published median of the rivals against ours."""
    claims = []
    for method, parameter in RIVALS:
        for size, value in curve(figure1a(), method, parameter).items():
            claims.append(
                Claim(
                    f"figure1a.{method}.{parameter}.{size}",
                    f"Figure 1 (a): {LABELS[method]}",
                    f"{LABELS[method]}: median squared error of {parameter} at T = {size} is 10^{value}",
                    "P10 Fig. 1 (a)" + (OWN_CHOICE if method == "cd" else ""),
                    partial(
                        house.published_median,
                        column=f"curves/{method}.error_{parameter}",
                        n_data=size,
                        value=value,
                    ),
                    "agreement",
                    0.0,
                    0.30 if parameter == "c" else 0.15,
                    "one doubling of T: one squared number"
                    if parameter == "c"
                    else "half a doubling of T",
                    family_size=len(RIVALS) * len(SIZES),
                    owner=NUMBER,
                )
            )
    return claims


def curves() -> list[Claim]:
    """Each published curve as a whole, T >= 1000."""
    return [
        Claim(
            f"figure1a.curve.{method}.{parameter}",
            "curves of Figure 1 (a) as wholes",
            f"{LABELS[method]}: the curve of median squared errors of {parameter} lies on the"
            " published one, on average from T = 1000 on",
            "P10 Fig. 1 (a)" + (OWN_CHOICE if method == "cd" else ""),
            partial(
                house.published_curve,
                column=f"curves/{method}.error_{parameter}",
                points=tuple(curve(figure1a(), method, parameter).items()),
                n_data_from=1000,
            ),
            "agreement",
            0.0,
            0.30 if parameter == "c" else 0.15,
            "as for its points",
            owner=NUMBER,
        )
        for method, parameter in RIVALS
    ]


def slopes() -> list[Claim]:
    """The published slopes of the last four points, and that importance sampling has no 1/T law."""
    weights = of.slope_weights()
    claims = []
    for method, parameter in RIVALS:
        points = curve(figure1a(), method, parameter)
        value = round(float(sum(w * points[size] for w, size in zip(weights, of.LAST_FOUR))), 3)
        claims.append(
            Claim(
                f"slope.{method}.{parameter}",
                "slopes, last four points",
                f"{LABELS[method]}: the median squared error of {parameter} falls like T^{value} for T >= 2000",
                "P10 Fig. 1 (a)" + (OWN_CHOICE if method == "cd" else ""),
                partial(
                    of.slope_of_medians, column=f"curves/{method}.error_{parameter}", value=value
                ),
                "agreement",
                0.0,
                0.40 if parameter == "c" else 0.12,
                "below the distance (0.56) to 1/T"
                if parameter == "c"
                else "below the distance (0.19) from importance sampling to 1/T",
                family_size=len(RIVALS),
                owner=NUMBER,
            )
        )
    for parameter, margin in (("B", 0.10), ("c", 0.30)):
        claims.append(
            Claim(
                f"slope.is.{parameter}.flatter",
                "slopes, last four points",
                f"importance sampling: the median squared error of {parameter} falls more slowly"
                " than 1/T for T >= 2000",
                "derived: the integral of p_d^2/p_n is infinite",
                partial(of.slope_of_medians, column=f"curves/is.error_{parameter}"),
                "greater",
                -1.0,
                margin,
                "about half of the distance from 1/T that the paper's curve has",
            )
        )
    return claims


def ratios() -> list[Claim]:
    """The rivals over MLE at T = 16000, and who is worst."""
    mle = curve(figure1a(), "mle", "B")[16000]
    claims = []
    for method in ("is", "sm", "cd"):
        value = round(curve(figure1a(), method, "B")[16000] - mle, 3)
        claims.append(
            Claim(
                f"ratio.{method}.16000",
                "over MLE at T = 16000",
                f"{LABELS[method]} over MLE, medians of squared error of B: {10**value:.1f}",
                "P10 Fig. 1 (a)" + (OWN_CHOICE if method == "cd" else ""),
                partial(
                    house.published_median_ratio,
                    columns=(f"curves/{method}.error_B", "curves/mle.error_B"),
                    n_data=16000,
                    value=value,
                ),
                "agreement",
                0.0,
                0.15,
                "half a doubling of T",
                family_size=3,
                owner=NUMBER,
            )
        )
    for method in ("mle", "nce", "is", "cd"):
        claims.append(
            Claim(
                f"worst.sm.{method}",
                "score matching is worst",
                f"score matching's median squared error of B at T = 16000 is above that of {LABELS[method]}",
                "P10 section 3.1",
                partial(
                    house.median_log_ratio,
                    columns=("curves/sm.error_B", f"curves/{method}.error_B"),
                    n_data=16000,
                ),
                "greater",
                0.0,
                0.30,
                "a doubling of T",
                owner=STATEMENT,
            )
        )
    return claims


def variance() -> list[Claim]:
    """CD's squared error is said to vary about 50 times as much as NCE's: asked of all fits, and of those that
    settled."""
    of_all = {"columns": ("curves/cd.error_B", "curves/nce.error_B"), "value": 50.0}
    return [
        Claim(
            f"cd-variance.{name}.{size}",
            "contrastive divergence's variance",
            f"the variance over matrices of CD's squared error of B is 50 times that of NCE's at T = {size}, {words}",
            "P10 section 3.1",
            partial(of.variance_ratio, n_data=size, **of_all, **only),
            "equivalence",
            0.0,
            math.log10(3.0),
            "'about 50': anything from 17 to 150",
            owner=STATEMENT,
        )
        for name, words, only in (
            ("all", "all fits", {}),
            ("settled", "fits that settled", {"only": "curves/cd.converged"}),
        )
        for size in (1000, 4000, 16000)
    ]


def doubling() -> list[Claim]:
    """Twice the steps leave contrastive divergence's medians where they are."""
    return [
        Claim(
            f"cd-doubling.{size}",
            "contrastive divergence has steps enough",
            f"twice the steps move CD's squared error of B at T = {size} (median of pairs) by less"
            " than its median's standard error",
            "requirement of this project",
            partial(
                of.doubling,
                once="curves/cd.error_B",
                twice="curves/cd_doubled.error_B",
                n_data=size,
            ),
            "equivalence",
            0.0,
            1.0,
            "one standard error of that median",
        )
        for size in SIZES
    ]


def speed() -> list[Claim]:
    """Error against time: NCE at least three times as fast as contrastive divergence, MLE fastest."""
    claims = []
    for level in LEVELS:
        for fast in ("nce", "nce_newton"):
            claims.append(
                Claim(
                    f"speed.{fast}.{level}",
                    "error against time",
                    f"{LABELS[fast]}{' by L-BFGS' if fast == 'nce' else ''} has a squared error of"
                    f" {level} |B*|^2 at least three times as soon as contrastive divergence",
                    "P10 section 3.1, Fig. 1 (b); this machine's times, one thread" + OWN_CHOICE,
                    partial(of.speed_ratio, slow="cd", fast=fast, level=level),
                    "greater",
                    round(math.log10(3.0), 4),
                    0.15,
                    "a factor of 1.4 in time: no reader would choose by less",
                    owner=STATEMENT,
                )
            )
        claims.append(
            Claim(
                f"speed.mle.{level}",
                "error against time",
                f"MLE has a squared error of {level} |B*|^2 sooner than NCE by L-BFGS",
                "P10 section 3.1: MLE fastest",
                partial(of.speed_ratio, slow="nce", fast="mle", level=level),
                "greater",
                0.0,
                0.15,
                "a factor of 1.4 in time",
                owner=STATEMENT,
            )
        )
    return claims


def bias() -> list[Claim]:
    """Score matching's bias by its smoothed score."""
    return [
        Claim(
            "sm-bias.orthogonal",
            "score matching's bias",
            "score matching with tanh slope 10 and an orthogonal mixing matrix estimates 1.064 B*",
            "derived; P10 section 3.1 has the slope",
            partial(of.mean_of, column="orthogonal/scale", n_data=ORTHOGONAL_SIZE),
            "equivalence",
            1.064,
            0.006,
            "a tenth of the bias",
        )
    ]
