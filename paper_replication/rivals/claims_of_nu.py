"""Claims about J12's sweep over nu: the published medians, and the quantiles of the limit law. Conventions:
``claim_list.py``."""

from __future__ import annotations

from functools import partial

from ..claims import NUMBER, STATEMENT, THEOREM, Claim
from ..figure1 import estimands as house
from . import estimands as of
from .limits import QUANTILES
from .published import NUS, curve, nu_name, nu_sweep

LARGEST = 16000


def medians() -> list[Claim]:
    """Every published median of the sweep against ours."""
    points = nu_sweep()
    return [
        Claim(
            f"sweep.{p.curve}.{p.parameter}.{p.n_data}",
            f"nu sweep, medians of {p.parameter}",
            f"{p.curve}: median squared error of {p.parameter} at T = {p.n_data} is 10^{p.value}",
            "J12, validation of the theory",
            partial(
                house.published_median,
                column=f"{p.curve}/error_{p.parameter}",
                n_data=p.n_data,
                value=p.value,
            ),
            "agreement",
            0.0,
            0.35 if p.parameter == "c" else 0.20,
            "somewhat over a doubling of T: one squared number, 35 claims"
            if p.parameter == "c"
            else "two thirds of a doubling of T",
            family_size=len(points) // 2,
            owner=NUMBER,
        )
        for p in points
    ]


def curves() -> list[Claim]:
    """Each published curve of the sweep as a whole, T >= 1000."""
    names = [(nu_name(nu), parameter) for parameter in ("B", "c") for nu in NUS]
    return [
        Claim(
            f"sweep.curve.{name}.{parameter}",
            "nu sweep, curves as wholes",
            f"{name}: the curve of median squared errors of {parameter} lies on the published one,"
            " on average from T = 1000 on",
            "J12, validation of the theory",
            partial(
                house.published_curve,
                column=f"{name}/error_{parameter}",
                points=tuple(curve(nu_sweep(), name, parameter).items()),
                n_data_from=1000,
            ),
            "agreement",
            0.0,
            0.35 if parameter == "c" else 0.20,
            "as for its points",
            owner=NUMBER,
        )
        for name, parameter in names
    ]


def quantiles() -> list[Claim]:
    """The sample's 10, 50 and 90 % quantiles against those of N(0, Sigma_nu/T), from nu = 0.1 on; nu = 0.01 lies
    above."""
    claims = []
    for nu in NUS[1:]:
        for parameter in ("B", "c"):
            for q in QUANTILES:
                few = nu == 100.0
                if few and (parameter, q) == ("c", 0.1):
                    # 100 matrices know the 10 % quantile of one squared number to a factor of 3: no
                    # margin is worth it
                    continue
                margin = _margin(parameter, q, few)
                claims.append(
                    Claim(
                        f"limit.{nu_name(nu)}.{parameter}.{q:g}",
                        "nu sweep, limit law",
                        f"{nu_name(nu)}: the {q:.0%} quantile of the squared error of {parameter}"
                        f" at T = {LARGEST} is the limit law's",
                        "J12, validation of the theory",
                        partial(of.beside_limit, nu=nu, parameter=parameter, q=q, n_data=LARGEST),
                        "equivalence",
                        0.0,
                        margin,
                        (
                            "a third of a doubling of T"
                            if margin == 0.10
                            else "what so many matrices can see of so wide a law"
                        ),
                        owner=THEOREM,
                    )
                )
    claims.append(
        Claim(
            "limit.nu=0.01.B.above",
            "nu sweep, limit law",
            f"nu=0.01: the median squared error of B at T = {LARGEST} lies above the limit law's: not asymptotic yet",
            "J12, validation of the theory",
            partial(of.beside_limit, nu=0.01, parameter="B", q=0.5, n_data=LARGEST),
            "greater",
            0.0,
            0.15,
            "half a doubling of T",
            owner=STATEMENT,
        )
    )
    return claims


def _margin(parameter: str, q: float, few: bool) -> float:
    if parameter == "B":
        return 0.20 if few and q != 0.5 else 0.10
    return 0.40 if q == 0.1 else 0.30 if few else 0.20
