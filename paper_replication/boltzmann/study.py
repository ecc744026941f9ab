"""A discrete model on which everything is exact: the fully visible Boltzmann machine, by sums over its states."""

from __future__ import annotations

from ..claims import CONFIRMED
from ..columns import Columns, summary_csv
from ..conclusions import Conclusion
from ..estimates import Estimate
from ..report_tables import markdown
from ..study import Experiment, Findings, Section, Study
from . import estimands as of
from . import plan
from .claim_list import WEIGHTS, all_claims
from .plan import NUS, SIZES, fits_at

BESIDE = """## A discrete model

The limit law, its price, coverage and the order of the weights on a Boltzmann machine of eight spins, where every expectation is a sum:
[a report of its own](boltzmann/BOLTZMANN.md) (`python -m paper_replication run boltzmann --profile full`)."""
CAPTION = (
    "Boltzmann machines of eight spins, 36 parameters and c; 95 % intervals. (a) Median over the machines of the squared error in the metric of its "
    "own law, over that law's median; what lies above the axis is in the table. (b) Share of couplings and biases in their 95 % intervals. (c) NCE's "
    "squared error over maximum likelihood's on the same data, in Fisher's metric, mean of log10 less that of the law. (d), (e) Mean size of the "
    "error of c, and of c + ln Z at the estimate, over the law's. (f) Geometric mean over all directions of the variance of another weight over "
    "NCE's, by sums over all states, mean of the logarithms over the machines."
)
FRONT = """# NCE on a discrete model

Nothing in noise-contrastive estimation (NCE) needs a density: with sums for integrals and a probability mass function for the noise, its theorems
hold for discrete data. The model here is a fully visible Boltzmann machine, ln p(s) = Σ b_i s_i + Σ_(i<j) w_ij s_i s_j + c with eight spins
of ±1, so that every expectation is a sum over 256 states and every number of the theory is exact. A run draws one machine, its data and noise as
counts of states from their exact laws, and fits it by NCE and by maximum likelihood (MLE), certified. ν is the number of noise points a datum, T
that of data, e the error of the biases and couplings, Σ the covariance of Theorem 3.

**Choices, which are this project's**, since neither paper has a discrete experiment: eight spins; biases N(0, 0.5²), couplings N(0, 0.3²), redrawn
until each pair of spins takes each of its four values with probability 0.02 or more, which about half of the machines do; noise of independent
spins with the data's means; Newton's method from the noise itself, which lies in the family; ν and T. Errors are measured in units of their own
law, T eᵀΣ⁻¹e/36, so that every machine counts alike: a sum of squared errors over machines is ruled by the few that are nearly deterministic, in
which alpha is not to be had from any such sample (an earlier form of this study found that out).
"""


def table(findings: Findings) -> list[Section]:
    """The law by size and nu, and what other weights cost."""
    evidence = findings.evidence
    rows = []
    for size in SIZES:
        cells = [str(size)]
        for nu in NUS:
            found = of.over_law(evidence, method="nce", n_data=size, nu=nu)
            share = evidence.mean(fits_at(size, nu), "nce.certified") if found else 0.0
            cells.append(
                _cell(found) + (f" ({share:.1%} certified)" if found and share < 1.0 else "")
            )
        found = of.over_law(evidence, method="mle", n_data=size, nu=1.0)
        rows.append([*cells, _cell(found)])
    law = markdown(["T", *(f"NCE, ν = {nu:g}" for nu in NUS), "MLE"], rows)
    costs = [[words, *(_cost(evidence, name, nu) for nu in NUS)] for name, words in WEIGHTS.items()]
    order = markdown(["weight", *(f"ν = {nu:g}" for nu in NUS)], costs)
    return [
        (
            "The limit law",
            "Median over the machines of T eᵀΣ⁻¹e over the median of its law, ± standard error; 1 is Theorem 3. Where the share of certified "
            "maxima is given, the other samples have none, or none that could be proved.\n\n"
            + law
            + findings.picture("boltzmann"),
        ),
        (
            "The order of the weights",
            "The estimating equation mean over the data of w g = mean over the noise of q w g, q = p_m/p_n, is NCE's for w = 1/(1 + q/ν). Below: the "
            "geometric mean over all 37 directions of the asymptotic variance of another weight over NCE's, mean of its logarithm over the machines "
            "[smallest excess of any direction of any machine].\n\n" + order,
        ),
    ]


def _cell(found: Estimate | None) -> str:
    return "–" if found is None else f"{found.value:.4g} ± {found.standard_error:.2g}"


def _cost(evidence: Columns, name: str, nu: float) -> str:
    found = of.cost(evidence, nu=nu, first=name)
    least = of.smallest(evidence, nu=nu, column=f"least.{name}")
    return "–" if found is None or least is None else f"{10**found.value:.4g} [{least.value:.1e}]"


def conclusions(findings: Findings) -> list[Conclusion]:
    """What was found."""
    return [
        Conclusion(
            "**Theorem 3 holds on a discrete model**: in the metric of its own covariance the error has the median "
            "of chi-square, for ν = 10 and 100 from T = 2000 on, for ν = 1 from 4000, for ν = 0.1 from 8000.",
            {"law.": CONFIRMED},
        ),
        Conclusion(
            "**Its tail holds as well** where noise is plenty: at ν = 10 and 100 one machine in twenty lies outside of the ellipsoid that holds 95 % of the law.",
            {"tail.10.": CONFIRMED, "tail.100.": CONFIRMED},
        ),
        Conclusion(
            "**Not knowing the constant costs what the theory says**, at every ν.",
            {"price.": CONFIRMED},
        ),
        Conclusion(
            "**Intervals cover**: those of couplings and biases where the law holds, those of c at T = 32000.",
            {"coverage.": CONFIRMED, "coverage_c.": CONFIRMED},
        ),
        Conclusion(
            "**c estimates −ln Z**: its error has the size of the law at every ν, and so has c + ln Z at the estimate from ν = 1 on.",
            {"c.": CONFIRMED, "gap.1": CONFIRMED, "gap.10": CONFIRMED, "gap.100": CONFIRMED},
        ),
        Conclusion(
            "**Noise equal to the data costs exactly 1 + 1/ν**, in every direction.",
            {"exact.": CONFIRMED},
        ),
        Conclusion(
            "**NCE's weight is the best of the family for every machine**, in the order of positive semidefinite matrices; importance sampling's is the "
            "better one where noise is plenty, nearly NCE's own, and w = 1/q where it is scarce.",
            {
                "weights.": CONFIRMED,
                "twice.": CONFIRMED,
                "order.inverse_importance.importance.0.1": CONFIRMED,
                "order.importance.inverse_importance.100": CONFIRMED,
                "order.many": CONFIRMED,
            },
        ),
    ]


STUDY = Study(
    name="boltzmann",
    title="NCE on a discrete model",
    experiments=(
        Experiment(
            plan.FITS,
            "paper_replication.boltzmann.experiments.fits",
            # A sample without a maximum: where its climb gives up.
            on_rounding=("nce.*", "mle.*"),
        ),
        Experiment(plan.SUMS, "paper_replication.boltzmann.experiments.sums", ("*.off", "off.*")),
    ),
    profiles=plan.PROFILES,
    claims=all_claims,
    tables=lambda evidence: {"summary.csv": summary_csv(evidence)},
    figures={"boltzmann": CAPTION},
    panels="paper_replication.boltzmann.picture",
    front=lambda findings: FRONT,
    sections=table,
    conclusions=conclusions,
    poster="boltzmann",
    abstract="Noise-contrastive estimation of a Boltzmann machine with eight spins, where every expectation is a sum over 256 states: the "
    "papers' theorems on a discrete model.",
    text="BOLTZMANN.md",
    beside=BESIDE,
)
