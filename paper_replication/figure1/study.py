"""P10 section 3.1, Figure 1: what the paper shows of NCE beside maximum likelihood, its theory, and what the optimiser
makes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..profiles import Batch, Profile
from ..store import Row
from ..study import REPORT, Experiment, Study
from . import text
from .claim_list import all_claims
from .conclusions import conclusions
from .evidence import Evidence, gather
from .published import N_MATRICES, SIZES
from .summary import summary_csv
from .theory import compute_theory

CAPTIONS = {
    "figure1ac": (
        "Figure 1 (a), (c): median squared errors under the paper's protocol with 95 % intervals"
        " (filled), the medians of the limit law (lines) and the published medians (open)."
    ),
    "figure1d": (
        "Figure 1 (d): mean squared errors under the paper's protocol with 95 % intervals (filled),"
        " tr(Sigma)/T (lines), published simulated means (open) and published predictions"
        " (crosses). One fit of 500 whose single start ended at another maximum can rule a mean, with"
        " a long bar; which fit does so hangs on rounding: on another machine it was one at T = 8000."
        " Medians do not feel it."
    ),
    "ratio_to_limit": (
        "Mean squared error of B over its limit law, the certified protocol, with 95 % intervals:"
        " the approach from above, and how slow it is."
    ),
    "optimiser": (
        "The optimiser's part. Left: share of fits more than 1e-4 below the best value known,"
        " methods as on the right, below 1 % a linear scale. Right: median squared error of B of"
        " the paper's protocol over that of the certified one, with 95 % intervals."
    ),
    "coverage": (
        "Coverage of 95 % intervals built from the estimated covariance; the band is the margin of"
        " the claims."
    ),
    "chi_square": (
        "Squared Mahalanobis distances at the largest T against chi-square, quantile by quantile."
    ),
    "toy": (
        "The toy example of J12: contours of the objective over precision and c for nu = 10 (dark:"
        " high), the normalised models (dashed), and three optimisation paths from the open"
        " circles."
    ),
}


UNSEEN = 10_000  # the first repetition of the quick profile: its runs were seen by nobody when its claims were written


def _batches(experiment: str, sizes: Mapping[int, int], first: int = 0) -> tuple[Batch, ...]:
    return tuple(
        Batch(experiment, {"n_data": n_data}, count, first=first) for n_data, count in sizes.items()
    )


PROFILES = (
    Profile(
        "smoke",
        "every path once, no statement",
        20.0,
        _batches("figure1", {250: 2, 500: 2})
        + _batches("fine_tuning", {250: 1})
        + _batches("points", {500: 1}),
    ),
    Profile(
        "quick",
        "the paper's main claims",
        120.0,
        _batches("figure1", {2000: 150, 32000: 90}, UNSEEN)
        + _batches("points", dict.fromkeys((1000, 4000, 8000, 16000), 150), UNSEEN),
    ),
    Profile(
        "full",
        "500 matrices a sample size, as in the paper",
        2400.0,
        _batches("figure1", dict.fromkeys(SIZES, N_MATRICES))
        + _batches("fine_tuning", dict.fromkeys(SIZES[:4], N_MATRICES)),
    ),
)


def gather_with_theory(rows: Sequence[Row], clock: Sequence[Row]) -> Evidence:
    """The rows with the theory's limits beside them; the theory takes some seconds."""
    return gather(rows, compute_theory())


STUDY = Study(
    name="figure1",
    title="Replication report: P10 Figure 1 and its theory",
    experiments=(
        Experiment(
            "figure1",
            "paper_replication.figure1.experiments.figure1",
            on_rounding=("*.paper.*", "*.gap", "*.n_evaluations"),
        ),
        Experiment(
            "fine_tuning",
            "paper_replication.figure1.experiments.fine_tuning",
            on_rounding=("*",),
        ),
        Experiment(
            "points",
            "paper_replication.figure1.experiments.points",
            on_rounding=("*.error_*",),
        ),
    ),
    profiles=PROFILES,
    claims=all_claims,
    gather=gather_with_theory,
    tables=lambda evidence: {"summary.csv": summary_csv(evidence.lines)},
    figures=CAPTIONS,
    panels="paper_replication.figure1.figure_panels",
    front=text.front,
    sections=text.sections,
    conclusions=conclusions,
    poster="figure1ac",
    abstract=(
        "Gutmann and Hyvärinen (2010), Figure 1: how the squared errors of noise-contrastive"
        " estimation (NCE) and of maximum likelihood (MLE) fall with the sample size T. Data: four"
        " Laplace sources, mixed at random; B: the 4 x 4 matrix that unmixes them; c: minus the"
        " logarithm of the model's normalising constant, which NCE estimates and MLE must know."
    ),
    after=text.after,
    folder=REPORT,
)
