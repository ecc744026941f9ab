"""What the figure of the faults shows, panel by panel; no matplotlib here, so that it can be tried without."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .naive import BREAKS_AT
from .references import chance_loss, optimal_loss, reused_noise_flattery


@dataclass(frozen=True)
class Panel:
    """One fault: groups of (tick label, experiment, column, whether it is the fault), and lines of (value, label)."""

    title: str
    ylabel: str
    groups: tuple[tuple[str, str, str, bool], ...]
    lines: tuple[tuple[float, str], ...] = ()
    logarithms: bool = False


def panels() -> tuple[Panel, ...]:
    """The seven faults and, last, the experiment done right."""
    net, ica, published, right, noise = (
        "network_faults",
        "ica_faults",
        "as_published",
        "right",
        "mismatched_noise 1000",
    )
    return (
        Panel(
            "1 two mixing matrices",
            "test loss",
            (("another A", net, "loss.other", True), ("one A", net, "loss.own", False)),
            ((optimal_loss(1.0), "optimum"),),
        ),
        Panel(
            "2 sources of variance 2",
            "c error",
            (
                ("variance 2", ica, "variance2.c_shift", True),
                ("variance 1", ica, "matched.c_shift", False),
            ),
            ((-2.0 * math.log(2.0), "−2 ln 2"), (0.0, "right: 0")),
        ),
        Panel(
            "3 noise not matched",
            "log10 |B̂A − I|²",
            (
                ("N(0, I)", noise, "standard.relative_error", True),
                ("matched", noise, "matched.relative_error", False),
            ),
            logarithms=True,
        ),
        Panel(
            "4 ln(1 − σ) as written",
            "breaks at log-ratio",
            (
                ("float64", "naive_logarithm", "float64", True),
                ("float32", "naive_logarithm", "float32", True),
            ),
            ((BREAKS_AT["float64"], "53 ln 2"), (BREAKS_AT["float32"], "24 ln 2")),
        ),
        Panel(
            "5 no activation",
            "ln mass ratio, 12 to 6 sd",
            (("affine", net, "affine.growth", True), ("tanh, base", net, "growth", False)),
            ((4.0 * math.log(2.0), "4 ln 2"), (0.0, "right: 0")),
        ),
        Panel(
            "6 training noise again",
            "1000 × lowering of the loss",
            (("network", net, "flattery", True), ("ICA", ica, "flattery", True)),
            ((reused_noise_flattery(1.0), "theory, ICA"), (0.0, "fresh: 0")),
        ),
        Panel(
            "7 no reference",
            "loss, the walkthrough",
            (
                ("network", published, "loss.own", True),
                ("best\nconstant", published, "loss.constant", False),
                ("ln p_d", published, "loss.optimal", False),
            ),
            ((chance_loss(1.0), "chance"),),
        ),
        Panel(
            "done right, ν = 10",
            "held-out loss",
            (
                ("tanh\nnetwork", right, "tanh.loss", False),
                ("ICA", right, "ica.loss", False),
                ("ln p_d", right, "optimal", False),
            ),
            ((chance_loss(10.0), "chance"),),
        ),
    )
