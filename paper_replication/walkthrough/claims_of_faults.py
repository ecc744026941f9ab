"""What each of the faults 1 to 6 does, and what correcting it does. Conventions: ``claim_list.py``."""

from __future__ import annotations

import math
from functools import partial

from ..claims import Claim
from . import estimands as of
from .claim_maker import FAMILIES, make_claim
from .naive import BREAKS_AT

LOG_4 = 2.0 * math.log(2.0)


def mixing() -> list[Claim]:
    """Fault 1: the test data has an A of its own."""
    here = partial(make_claim, FAMILIES[1], "network_faults")
    return [
        here(
            "loss",
            "the test loss with another A is higher than with the own A",
            {"loss.other": 1, "loss.own": -1},
            "greater",
            0.0,
            0.05,
            "the own A's distance from the optimum is of that order",
        ),
        here(
            "excess",
            "its distance from what is possible on the same data is larger",
            {"loss.other": 1, "loss.other.optimal": -1, "loss.own": -1, "loss.own.optimal": 1},
            "greater",
            0.0,
            0.1,
            "more than a network's own distance from the optimum",
        ),
        here(
            "corrected",
            "with one A the loss is at most 0.12 above the optimum",
            {"loss.own": 1, "loss.own.optimal": -1},
            "less",
            0.12,
            0.02,
            "0.12 is the distance from chance to the optimum",
        ),
    ]


def variance() -> list[Claim]:
    """Fault 2: Laplace sources of scale 1 have variance 2; the model takes them for 1."""
    here = partial(make_claim, FAMILIES[2], "ica_faults")
    return [
        here(
            "scale",
            "the estimate of B is A^-1 over the square root of 2",
            {"variance2.scale": 1},
            "equivalence",
            1.0 / math.sqrt(2.0),
            0.02,
            "a fifteenth of the step to 1",
        ),
        here(
            "scale-corrected",
            "with variance 1 it is A^-1",
            {"matched.scale": 1},
            "equivalence",
            1.0,
            0.02,
            "as for the fault",
        ),
        here(
            "c",
            "c is too low by 2 ln 2",
            {"variance2.c_shift": 1},
            "equivalence",
            -LOG_4,
            0.1,
            "a fourteenth of the step to 0",
        ),
        here(
            "c-corrected",
            "with variance 1 it is not",
            {"matched.c_shift": 1},
            "equivalence",
            0.0,
            0.1,
            "as for the fault",
        ),
        here(
            "error",
            "the squared error of B against A^-1 is larger than with variance 1",
            {"variance2.relative_error": 1, "matched.relative_error": -1},
            "greater",
            0.0,
            0.1,
            "twice the right experiment's error",
        ),
    ]


def noise() -> list[Claim]:
    """Fault 3: N(0, I) noise, whatever the data's covariance."""
    columns, limits = (
        ("standard.relative_error", "matched.relative_error"),
        ("standard.limit", "matched.limit"),
    )
    small, large = "mismatched_noise 1000", "mismatched_noise 4000"
    here = partial(make_claim, FAMILIES[3], small)
    why = "a factor of 1.41, as in the replication"
    return [
        here(
            "loss",
            "N(0, I) noise gives the lower loss: the optimum itself is lower than with matched noise",
            {"matched.optimal": 1, "standard.optimal": -1},
            "greater",
            0.0,
            0.1,
            "as large as the whole distance from chance to optimum",
        ),
        here(
            "error",
            "and the worse estimate: mean log10 ratio of the squared errors of B, N(0, I) over matched, n_data = 1000",
            partial(of.log10_ratio, experiment=small, columns=columns),
            "greater",
            0.0,
            0.15,
            why,
        ),
        here(
            "beyond-theory",
            "at n_data = 1000 by more than the limit covariances say (difference in log10)",
            partial(of.log10_ratio, experiment=small, columns=columns, theory=limits),
            "greater",
            0.0,
            0.15,
            why,
        ),
        here(
            "theory",
            "at n_data = 4000 by as much (difference in log10)",
            partial(of.log10_ratio, experiment=large, columns=columns, theory=limits),
            "equivalence",
            0.0,
            0.15,
            why,
        ),
    ]


def logarithm() -> list[Claim]:
    """Fault 4: ln(1 - sigma(t)) in that order."""
    here = partial(make_claim, FAMILIES[4], "naive_logarithm")
    luck = partial(make_claim, FAMILIES[4], "as_published")
    return [
        here(
            "float64",
            "the naive noise loss becomes infinite when the largest log-ratio passes 53 ln 2",
            {"float64": 1},
            "equivalence",
            BREAKS_AT["float64"],
            0.01,
            "far below anything that would matter",
        ),
        here(
            "float32",
            "in float32 when it passes 24 ln 2",
            {"float32": 1},
            "equivalence",
            BREAKS_AT["float32"],
            0.01,
            "as in float64",
        ),
        here(
            "corrected",
            "ln sigma(-t) has a relative error below 1e-14 there",
            {"stable_error": 1},
            "less",
            1e-14,
            5e-15,
            "fifty units in the last place",
        ),
        luck(
            "luck",
            "the walkthrough's own largest log-ratio on noise stays below the float32 break: it was lucky",
            {"log_ratio.noise": 1},
            "less",
            BREAKS_AT["float32"],
            3.0,
            "three nats: a factor of twenty in the density",
        ),
        luck(
            "data",
            "on data it is far beyond the float64 break",
            {"log_ratio.data": 1},
            "greater",
            BREAKS_AT["float64"],
            50.0,
            "far beyond",
        ),
    ]


def affine() -> list[Claim]:
    """Fault 5: layers without activation are one affine map."""
    here = partial(make_claim, FAMILIES[5], "network_faults")
    bound = 4.0 * math.log(2.0)
    return [
        here(
            "mass",
            "the mass of exp(f) within 12 standard deviations is more than 16 times that within 6",
            {"affine.growth": 1},
            "greater",
            bound,
            0.1,
            "16 is what a constant f has, the least of all affine f",
        ),
        here(
            "mass-corrected",
            "with tanh and a base density it is the same",
            {"growth": 1},
            "equivalence",
            0.0,
            0.05,
            "5 % of the mass",
        ),
        here(
            "chance",
            "with matched noise its held-out loss is above chance",
            {"affine.loss.own": 1},
            "greater",
            LOG_4,
            0.1,
            "as large as the whole distance from chance to optimum",
        ),
        here(
            "loss",
            "and above that of the network with tanh and base",
            {"affine.loss.own": 1, "loss.own": -1},
            "greater",
            0.0,
            0.1,
            "as above",
        ),
        here(
            "correlation",
            "f does not correlate with ln p_d",
            {"affine.correlation": 1},
            "equivalence",
            0.0,
            0.05,
            "as for fault 0",
        ),
        here(
            "correlation-corrected",
            "with tanh and base it does: the correlation is larger",
            {"correlation": 1, "affine.correlation": -1},
            "greater",
            0.5,
            0.1,
            "half of the way from none to perfect",
        ),
    ]


def reused() -> list[Claim]:
    """Fault 6: the noise of training in the test loss."""
    here = partial(make_claim, FAMILIES[6], "network_faults")
    return [
        here(
            "network",
            "the network: using the training noise again lowers the test loss",
            {"flattery": 1},
            "greater",
            0.0,
            0.01,
            "a twelfth of the distance from chance to optimum",
        ),
        here(
            "ica",
            "the ICA model (17 parameters): n_data times the same is tr(I^-1 V), derived (difference)",
            of.flattery_beside_theory,
            "equivalence",
            0.0,
            3.0,
            "0.003 nats at n_data = 1000",
        ),
    ]
