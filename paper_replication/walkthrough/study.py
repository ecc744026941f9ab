"""A much-read walkthrough of P10, run as it stands, its faults one at a time, and the experiment done right."""

from __future__ import annotations

from ..columns import summary_csv
from ..study import Experiment, Study
from . import lesson, plan
from .claim_list import all_claims
from .evidence import EXPERIMENTS, ON_ROUNDING, gather

BESIDE = """## The walkthrough

A much-read walkthrough of the paper trains a network as the log-density. [The lesson](walkthrough/WALKTHROUGH.md) runs it as it
stands, shows its faults one at a time beside their corrections, does the experiment right, and compares three models on real data
(`make walkthrough`)."""
CAPTIONS = {
    "samples": (
        "ln p_n of both samples. Left: the walkthrough; the noise N(0, I) lies well inside the"
        " data, and ln p_n alone tells many of them apart. Right: matched noise; what is left to"
        " tell is the shape."
    ),
    "tsne": (
        "t-SNE of both samples together. Left: the walkthrough. Right: matched noise. Left much of"
        " the data lies outside the noise; right the two are mixed. It measures nothing: distances"
        " and areas in it have no scale, and another processor draws other clouds."
    ),
    "loss_curves": (
        "Loss by epoch with what it should be compared with. Left: the walkthrough (nu = 1): it"
        " falls steeply, to the loss of a single number. Its own test loss is that of data of"
        " another A with the training noise. Right: done right (nu = 10)."
    ),
    "f_against_truth": "f = ln p_m against the true ln p_d on held-out data, with the diagonal.",
    "densities": (
        "Densities of f on data and noise, with those of the true ln p_d on the same points"
        " (dashed)."
    ),
    "logarithm": (
        "ln(1 - sigma(t)) computed as written and as ln sigma(-t). Left: the value; the curves end"
        " where it is -inf. Right: the relative error: some percent just before the break."
    ),
    "faults": (
        "Each fault beside its correction, one dot a run, means with 95 % intervals; dashed lines"
        " are what theory or the right answer gives, or chance, as they are named."
    ),
    "real_data": (
        "Held-out loss less that of chance on the first eight principal components: one dot a"
        " split, means with 95 % intervals that allow for common rows. Lower is better."
    ),
}

STUDY = Study(
    name="walkthrough",
    title="The walkthrough, and the experiment done right",
    experiments=tuple(
        Experiment(name, module, ON_ROUNDING.get(name, ())) for name, module in EXPERIMENTS.items()
    ),
    profiles=plan.PROFILES,
    claims=all_claims,
    gather=gather,
    tables=lambda evidence: {"summary.csv": summary_csv(evidence)},
    figures=CAPTIONS,
    panels="paper_replication.walkthrough.figure_panels",
    front=lambda findings: lesson.INTRODUCTION,
    sections=lesson.sections,
    poster="faults",
    abstract=(
        "A tutorial that trains a network by NCE, run as it stands; its faults one at a time beside"
        " their corrections; and the experiment done right."
    ),
    is_whole=True,
    text="WALKTHROUGH.md",
    beside=BESIDE,
)
