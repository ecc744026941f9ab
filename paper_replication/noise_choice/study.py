"""Which noise is best? The asymptotic error of NCE at a fixed budget, as a function of the noise and of nu, in one
dimension.

A study without runs: its evidence is computed, by quadrature, in some seconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..profiles import Profile
from ..store import Row
from ..study import Findings, Study
from .criterion import PROBLEMS, TARGETS
from .curves import Curve, make_curves
from .optimum import Optimum, find_optima
from .text import curves_csv, optima_csv, text
from .wider import Wider, compare

BESIDE = """## Which noise is best

For the mean and the variance of a Gaussian, by quadrature: [where the best noise and the best ν lie, and what they
save](noise_choice/NOISE_CHOICE.md) (`python -m paper_replication noise-choice`)."""
CAPTION = (
    "Asymptotic squared error at a fixed budget n_data + n_noise, over that of noise equal to the"
    " data with nu = 1 (black cross). Above: against the noise's parameter, nu chosen best for each"
    " (solid) and nu = 1 (dotted); open circles are the optima. Below: against nu, with noise equal"
    " to the data (grey, dashed, the same for all) and with the best noise (solid); in the middle"
    " the best noise with c free is the data's own, and orange covers blue and grey. On the right c"
    " and alpha are uncorrelated, and blue (dashed) and green coincide."
)


@dataclass(frozen=True)
class Optima:
    """``joint``: local minima over noise and nu together; ``at_one``: over the noise alone at nu = 1; best first for
    each case."""

    joint: list[Optimum]
    at_one: list[Optimum]
    curves: list[Curve]
    wider: list[Wider]


def compute(rows: Sequence[Row] = (), clock: Sequence[Row] = ()) -> Optima:
    """Return every optimum and the curves of the picture."""
    cases = [(problem, target) for problem in PROBLEMS for target in TARGETS]
    joint = [one for case in cases for one in find_optima(*case)]
    at_one = [one for case in cases for one in find_optima(*case, fixed_nu=1.0)]
    return Optima(joint, at_one, make_curves(joint), compare())


def tables(evidence: Optima) -> Mapping[str, str]:
    """The optima and the curves' points."""
    return {
        "optima.csv": optima_csv(evidence.joint, evidence.at_one),
        "curves.csv": curves_csv(evidence.curves),
    }


def front(findings: Findings) -> str:
    """The whole text."""
    picture = findings.picture("noise_choice").strip()
    evidence = findings.evidence
    return text(evidence.joint, evidence.at_one, evidence.wider, picture)


STUDY = Study(
    name="noise_choice",
    title="Which noise is best?",
    experiments=(),
    profiles=(Profile("full", "every optimum by quadrature", 20.0, ()),),
    claims=list,
    gather=compute,
    tables=tables,
    figures={"noise_choice": CAPTION},
    panels="paper_replication.noise_choice.picture",
    front=front,
    poster="noise_choice",
    is_whole=True,
    text="NOISE_CHOICE.md",
    beside=BESIDE,
)
