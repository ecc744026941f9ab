"""Which runs the study makes: quick at three sizes, full at all; a run takes some hundredths of a second."""

from __future__ import annotations

from ..profiles import Batch, Profile

FITS, SUMS = "boltzmann.fits", "boltzmann.sums"
SIZES = (250, 500, 1000, 2000, 4000, 8000, 16000, 32000)
NUS = (0.1, 1.0, 10.0, 100.0)
N_FULL, N_QUICK, N_SUMS = 400, 150, 100


def fits_at(n_data: int, nu: float) -> str:
    """The group of the fits at one size and nu."""
    return f"fits n_data={n_data} nu={nu}"


def sums_at(nu: float) -> str:
    """The group of the exact statements at one nu."""
    return f"sums nu={nu}"


def _fits(sizes: tuple[int, ...], nus: tuple[float, ...], n: int) -> tuple[Batch, ...]:
    return tuple(Batch(FITS, {"n_data": size, "nu": nu}, n) for size in sizes for nu in nus)


def _sums(nus: tuple[float, ...], n: int) -> tuple[Batch, ...]:
    return tuple(Batch(SUMS, {"nu": nu}, n) for nu in nus)


PROFILES = (
    Profile("smoke", "two runs of each kind", 5.0, (*_fits((500,), (1.0,), 2), *_sums((1.0,), 2))),
    Profile(
        "quick",
        "the limit law, coverage and the order of the weights at a glance",
        30.0,
        (*_fits((2000, 8000, 32000), (1.0, 10.0), N_QUICK), *_sums(NUS, 20)),
    ),
    Profile(
        "full",
        "every size and nu",
        120.0,
        (*_fits(SIZES, NUS, N_FULL), *_sums(NUS, N_SUMS)),
    ),
)
