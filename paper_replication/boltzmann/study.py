"""A discrete model on which everything is exact: the fully visible Boltzmann machine, by sums over its states."""

from __future__ import annotations

from ..claims import CONFIRMED
from ..conclusions import Conclusion
from ..study import Experiment, Findings, Study
from . import plan
from .claim_list import all_claims

BESIDE = """## A discrete model

The limit law, its price, coverage and the order of the weights on a Boltzmann machine of eight spins, where every expectation is a sum:
[a report of its own](boltzmann/BOLTZMANN.md) (`python -m paper_replication run boltzmann --profile full`)."""
CAPTION = (
    "Boltzmann machines of eight spins, 37 parameters. First: median over the machines of the squared error without c over its limit law. "
    "Second: mean squared errors of NCE over maximum likelihood with 95 % intervals, and the theory (bars). Third: share of entries whose "
    "95 % interval holds the truth. Fourth: what other weights of the family would give, by sums over all states, mean over the machines."
)
FRONT = """# NCE on a discrete model

Nothing in noise-contrastive estimation needs a density: with sums for integrals and a probability mass function for the noise, its theorems
hold for discrete data. Here the model is a fully visible Boltzmann machine, ln p(s) = Σ b_i s_i + Σ_(i<j) w_ij s_i s_j + c with eight spins
of ±1, so that all expectations are sums over 256 states and every number of the theory is exact. Each run draws one machine (couplings
N(0, 0.3²), biases N(0, 0.5²)), its data and noise as counts of states from their exact laws, and fits it by NCE and by maximum likelihood,
certified. The noise is independent spins with the data's means; Newton's method begins at the noise itself, which lies in the family.

Neither of the papers has a discrete experiment: the machine, its sizes and ν are choices of this project. The claims are the papers'
theorems."""


def conclusions(findings: Findings) -> list[Conclusion]:
    """What was found."""
    return [
        Conclusion(
            "**The theorems hold on a discrete model.** The mean squared errors are tr(Σ)/T for ν = 1, 10 and 100 from T = 8000 on, for ν = 0.1 at T = 32000, and NCE's over "
            "maximum likelihood's are those of the theory.",
            {"limit.alpha.": CONFIRMED, "price.": CONFIRMED},
        ),
        Conclusion(
            "**Noise equal to the data costs exactly 1 + 1/ν**, in every entry of Σ.",
            {"exact.alike.": CONFIRMED},
        ),
        Conclusion(
            "**NCE's weight is the best of the family for every machine**, in the order of positive semidefinite matrices.",
            {"weights.": CONFIRMED},
        ),
        Conclusion(
            "**95 % intervals cover** the couplings and biases at T = 8000 and 32000.",
            {
                f"coverage.{one}_covered.{nu}.{size}": CONFIRMED
                for one in ("nce", "mle")
                for nu in ("1", "10")
                for size in (8000, 32000)
            },
        ),
    ]


STUDY = Study(
    name="boltzmann",
    title="NCE on a discrete model",
    experiments=(
        Experiment(plan.MACHINE, "paper_replication.boltzmann.experiments.machine"),
        Experiment(plan.ALIKE, "paper_replication.boltzmann.experiments.alike"),
    ),
    profiles=plan.PROFILES,
    claims=all_claims,
    figures={"boltzmann": CAPTION},
    panels="paper_replication.boltzmann.figure_panels",
    front=lambda findings: FRONT,
    conclusions=conclusions,
    poster="boltzmann",
    abstract="Noise-contrastive estimation of a Boltzmann machine with eight spins, where every expectation is a sum over 256 states: the "
    "papers' theorems on a discrete model.",
    text="BOLTZMANN.md",
    beside=BESIDE,
)
