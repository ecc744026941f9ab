"""What the walkthrough arrives at, what its loss should be, the experiment done right, real data. Conventions:
``claim_list.py``."""

from __future__ import annotations

from functools import partial

from ..claims import Claim
from . import estimands as of
from .claim_maker import FAMILIES, make_claim
from .tables import TABLES

_NAMES = {"gaussian": "the Gaussian", "ica": "the Laplace ICA model", "network": "the network"}


def as_published() -> list[Claim]:
    """What the walkthrough's network has learned."""
    here = partial(make_claim, FAMILIES[0], "as_published")
    return [
        here(
            "constant",
            "the trained network's held-out loss lies above that of the best constant f = c",
            {"loss.own": 1, "loss.constant": -1},
            "greater",
            0.0,
            0.05,
            "a tenth of the distance from chance to the loss it prints",
        ),
        here(
            "correlation",
            "f does not correlate with ln p_d on held-out data",
            {"correlation": 1},
            "equivalence",
            0.0,
            0.05,
            "a correlation of 0.05 explains a quarter of a percent",
        ),
    ]


def reference() -> list[Claim]:
    """Fault 7: nothing to compare the loss with."""
    published = partial(make_claim, FAMILIES[7], "as_published")
    sampled = partial(
        of.optimum_beside_quadrature, experiment="ica_faults", column="matched.optimal", nu=1.0
    )
    ten = partial(of.optimum_beside_quadrature, experiment="right", column="optimal", nu=10.0)
    return [
        published(
            "gap",
            "the walkthrough's loss on fresh data of its own A lies above the optimum of its own problem",
            {"loss.own": 1, "loss.optimal": -1},
            "greater",
            0.0,
            0.1,
            "as large as the whole distance from chance to optimum",
        ),
        published(
            "fall",
            "in training the loss falls by more than 4 nats: the fall says nothing",
            {"loss.first": 1, "loss.last": -1},
            "greater",
            4.0,
            0.5,
            "what a reader sees in the curve",
        ),
        make_claim(
            FAMILIES[7],
            "ica_faults",
            "optimum-1",
            "matched noise, nu = 1: the sampled optimum is that of the quadrature (difference)",
            sampled,
            "equivalence",
            0.0,
            0.01,
            "a twelfth of the way from chance to it; noise matched to a sample moves it by less",
        ),
        make_claim(
            FAMILIES[7],
            "right",
            "optimum-10",
            "the same at nu = 10",
            ten,
            "equivalence",
            0.0,
            0.03,
            "an eighth of that distance at nu = 10",
        ),
    ]


def right() -> list[Claim]:
    """One A, matched noise, tanh, base density, fresh test noise, nu = 10 (chance 3.351, optimum 3.123)."""
    here = partial(make_claim, FAMILIES[8], "right")
    way = partial(of.way_made, experiment="right", chance="base.loss", optimum="optimal")
    return [
        here(
            "loss",
            "the tanh network makes more than a quarter of the way from chance to optimum on held-out data",
            partial(way, loss="tanh.loss"),
            "greater",
            0.25,
            0.1,
            "a tenth of the way",
        ),
        here(
            "correlation",
            "its correlation with ln p_d is larger than that of the base alone",
            {"tanh.correlation": 1, "base.correlation": -1},
            "greater",
            0.0,
            0.02,
            "a fifth of what the base leaves to be gained",
        ),
        here(
            "rmse",
            "its root-mean-square error is smaller than that of the base alone",
            {"base.rmse": 1, "tanh.rmse": -1},
            "greater",
            0.0,
            0.05,
            "a twentieth of the base's own",
        ),
        here(
            "integral",
            "ln of its integral is 0",
            {"tanh.log_integral": 1},
            "equivalence",
            0.0,
            0.05,
            "5 % of the mass",
        ),
        here(
            "over-fitting",
            "its held-out loss is above its training loss",
            {"tanh.loss": 1, "tanh.training_loss": -1},
            "greater",
            0.0,
            0.02,
            "a tenth of the distance from chance to optimum",
        ),
        here(
            "ica",
            "the ICA model by NCE makes more than 90 % of the way",
            partial(way, loss="ica.loss"),
            "greater",
            0.9,
            0.02,
            "a fifth of the rest",
        ),
        here(
            "ica-rmse",
            "and its root-mean-square error is below half of the network's",
            {"ica.rmse": 1, "tanh.rmse": -0.5},
            "less",
            0.0,
            0.1,
            "a tenth of the base's own",
        ),
    ]


def real_data() -> list[Claim]:
    """Held-out loss at nu = 10 on the first eight principal components: which model a user would choose."""
    claims = []
    for table in TABLES:
        for first, second in (("network", "gaussian"), ("network", "ica"), ("ica", "gaussian")):
            terms = ((f"{first}.loss", 1.0), (f"{second}.loss", -1.0))
            claims.append(
                make_claim(
                    FAMILIES[9],
                    "",
                    f"{table}.{first}-{second}",
                    f"{table}: the held-out loss of {_NAMES[first]} is below that of {_NAMES[second]}",
                    partial(of.mean_over_splits, table=table, terms=terms),
                    "less",
                    0.0,
                    0.2,
                    "about 0.2 nats a row: what would change the choice",
                )
            )
        mass = (("network.log_mass", 1.0),)
        claims.append(
            make_claim(
                FAMILIES[9],
                "",
                f"{table}.mass",
                f"{table}: ln of the network's integral is 0",
                partial(of.mean_over_splits, table=table, terms=mass),
                "equivalence",
                0.0,
                0.2,
                "a fifth of the mass: so few rows",
            )
        )
    return claims
