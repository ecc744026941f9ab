"""The study's claims. Theorems of the papers, asked of a discrete model; margins were written before the first full run.

Neither paper has a discrete experiment: sizes, nu, the machine and its noise are this project's choices.
"""

from __future__ import annotations

from functools import partial

from ..claims import THEOREM, Claim
from . import estimands as of
from .plan import NUS, SIZES

_EXACT = "rounding of sums over 256 states, with room"


def all_claims() -> list[Claim]:
    """Return every claim."""
    return [*limit_law(), *price(), *intervals(), *constant(), *exact(), *weights()]


def limit_law() -> list[Claim]:
    """T times the squared error is tr(Sigma), and the medians fall like 1/T."""
    kinds = {
        "alpha": ("of the couplings and biases", "nce.error", "nce.predicted"),
        "c": ("of c", "nce.error_c", "nce.predicted_c"),
    }
    at = [
        Claim(
            f"limit.{kind}.{nu:g}.{size}",
            "limit law",
            f"nu = {nu:g}: the mean squared error {words} is tr(Sigma)/T at T = {size}",
            "P10 Theorem 3, J12 Theorem 3",
            partial(of.over_theory, n_data=size, nu=nu, error=error, predicted=predicted),
            "equivalence",
            1.0,
            0.15 if kind == "alpha" else 0.35,
            "0.15: an eighth of the factor 1 + 1/nu at nu = 0.1 would be more; c alone is one number a machine, and its mean known to 0.1",
            owner=THEOREM,
        )
        for kind, (words, error, predicted) in kinds.items()
        for nu in NUS
        for size in (
            (32000,) if nu < 1.0 else (8000, 32000)
        )  # 800 noise points for 37 parameters are no limit
    ]
    falls = [
        Claim(
            f"slope.{nu:g}",
            "1/T",
            f"nu = {nu:g}: the median squared error falls like 1/T from T = {2000 if nu >= 1.0 else 8000} on",
            "J12 Theorem 3",
            partial(
                of.slope, sizes=SIZES[3:] if nu >= 1.0 else SIZES[5:], nu=nu, column="nce.error"
            ),
            "equivalence",
            -1.0,
            0.1,
            "a tenth of the exponent",
            owner=THEOREM,
        )
        for nu in NUS
    ]
    return at + falls


def price() -> list[Claim]:
    """What not knowing the constant costs, and that many noise points make it vanish."""
    return [
        Claim(
            f"price.{nu:g}",
            "NCE over maximum likelihood",
            f"nu = {nu:g}: NCE's mean squared error over maximum likelihood's at T = 32000 is that of the theory",
            "J12 Theorem 3 and Corollary 7",
            partial(of.over_mle, n_data=32000, nu=nu),
            "equivalence",
            0.0,
            0.05,
            "12 %",
            owner=THEOREM,
        )
        for nu in NUS
    ]


def intervals() -> list[Claim]:
    """95 % intervals by ``estimate_covariance`` hold the truth 95 times in 100."""
    kinds = {
        "nce.covered": "the couplings and biases, NCE",
        "mle.covered": "the same, MLE",
        "nce.covered_c": "c",
    }
    return [
        Claim(
            f"coverage.{column.replace('.', '_')}.{nu:g}.{size}",
            "coverage",
            f"nu = {nu:g}: 95 % intervals of {words} cover at T = {size}",
            "J12 Theorem 3",
            partial(of.mean_of, n_data=size, nu=nu, column=column),
            "equivalence",
            0.95,
            (0.015 if size < 8000 else 0.01) if column != "nce.covered_c" else 0.05,
            "what a reader of an interval would mind; c gives one number a machine, 300 of which are known to 0.013",
            owner=THEOREM,
        )
        for column, words in kinds.items()
        for nu in (1.0, 10.0)
        for size in (2000, 8000, 32000)
    ]


def constant() -> list[Claim]:
    """c against minus the logarithm of the constant that the estimated machine has."""
    return [
        Claim(
            f"constant.{nu:g}.{size}",
            "c and ln Z",
            f"nu = {nu:g}: (c + ln Z at the estimate)^2 has at T = {size} the mean that the theory gives it",
            "P10 section 2.2; by the delta method",
            partial(
                of.over_theory, n_data=size, nu=nu, error="nce.gap", predicted="nce.predicted_gap"
            ),
            "equivalence",
            1.0,
            0.35,
            "one number a machine, its mean known to 0.1",
            owner=THEOREM,
        )
        for nu in NUS
        for size in ((32000,) if nu < 1.0 else (8000, 32000))
    ]


def exact() -> list[Claim]:
    """Noise equal to the data costs 1 + 1/nu; the package's Sigma is the sandwich, summed by hand."""
    said = {
        "alike.largest": "with noise equal to the data Sigma is (1 + 1/nu) times maximum likelihood's, in every entry",
        "nce.largest": "the package's Sigma is the sandwich of the weight family at w = 1/(1 + q/nu), summed over all states",
    }
    return [
        Claim(
            f"exact.{column.split('.')[0]}.{nu:g}",
            "exact",
            f"nu = {nu:g}: {words} (log10 of the largest relative difference)",
            "P10 Theorem 3 and Corollary",
            partial(of.largest, nu=nu, column=column),
            "less",
            -9.0,
            1.0,
            _EXACT,
            owner=THEOREM,
        )
        for column, words in said.items()
        for nu in NUS
    ]


def weights() -> list[Claim]:
    """NCE's weight is the best of the family, in the order of positive semidefinite matrices, for every machine."""
    return [
        Claim(
            f"weights.{name}.{nu:g}",
            "order of the weights",
            f"nu = {nu:g}: Sigma of the {name.replace('_', ' ')} weight less NCE's is positive semidefinite for every machine",
            "Pihlaja, Gutmann & Hyvarinen 2010; THEORY.md",
            partial(of.smallest, nu=nu, column=f"least.{name}"),
            "greater",
            -1e-9,
            1e-9,
            _EXACT,
            owner=THEOREM,
        )
        for name in ("importance", "symmetric", "inverse_importance", "polynomial")
        for nu in NUS
    ]
