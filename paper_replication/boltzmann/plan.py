"""Which runs the study makes: quick at three sizes, full at all; every run is exact and takes some hundredths of a second."""

from __future__ import annotations

from ..profiles import Batch, Profile

MACHINE, ALIKE = "boltzmann.machine", "boltzmann.alike"
SIZES = (250, 500, 1000, 2000, 4000, 8000, 16000, 32000)
NUS = (0.1, 1.0, 10.0, 100.0)
N_FULL, N_QUICK, N_EXACT = 300, 150, 100


def machines(sizes: tuple[int, ...], nus: tuple[float, ...], n: int) -> tuple[Batch, ...]:
    """One batch a size and nu."""
    return tuple(Batch(MACHINE, {"n_data": size, "nu": nu}, n) for size in sizes for nu in nus)


def exact(nus: tuple[float, ...], n: int) -> tuple[Batch, ...]:
    """The statements without samples."""
    return tuple(Batch(ALIKE, {"nu": nu}, n) for nu in nus)


PROFILES = (
    Profile(
        "smoke", "two runs of each kind", 5.0, (*machines((500,), (1.0,), 2), *exact((1.0,), 2))
    ),
    Profile(
        "quick",
        "the limit law, coverage and the order of the weights at a glance",
        60.0,
        (*machines((2000, 8000, 32000), (1.0, 10.0), N_QUICK), *exact(NUS, 20)),
    ),
    Profile(
        "full",
        "every size and nu",
        120.0,
        (*machines(SIZES, NUS, N_FULL), *exact(NUS, N_EXACT)),
    ),
)
