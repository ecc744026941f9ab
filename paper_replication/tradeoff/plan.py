"""Which problems the study solves: as many as the paper's where nu is small, fewer where a problem takes minutes.

The paper has 100 problems at every nu. Paired with maximum likelihood on the same data, NCE's error has a small part
of its own spread where nu is large, so that fewer tell as much.
"""

from __future__ import annotations

from ..profiles import Batch, Profile

EXPERIMENT = "tradeoff.problem"
PROBLEMS = {1: 100, 2: 100, 5: 100, 10: 100, 20: 100, 50: 100, 100: 30, 200: 30, 400: 15, 1000: 10}
NUS = tuple(PROBLEMS)
NUS_OF_IS = (1, 2, 5, 10, 20, 50)
NUS_CERTIFIED = (1, 2)
MEDIAN_FROM = 5  # fewer problems have no median worth a table
QUICK = {1: 24, 5: 24, 50: 20}


def group(nu: int) -> str:
    """The name of the runs at one nu."""
    return f"problem nu={nu}"


PROFILES = (
    Profile(
        "smoke",
        "two problems of 500 points",
        5.0,
        (Batch(EXPERIMENT, {"nu": 1, "n_data": 500}, 2),),
    ),
    Profile(
        "quick",
        "the trade-off at three values of nu",
        120.0,
        tuple(Batch(EXPERIMENT, {"nu": nu}, n) for nu, n in QUICK.items()),
    ),
    Profile(
        "full",
        "ten values of nu, up to 8 million noise points",
        75.0 * 60.0,
        tuple(Batch(EXPERIMENT, {"nu": nu}, n) for nu, n in PROBLEMS.items()),
    ),
)
