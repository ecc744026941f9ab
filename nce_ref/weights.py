r"""One family of estimators for unnormalised models: NCE, importance sampling, and what lies beside and between them.

Pihlaja, Gutmann & Hyvarinen (*A family of computationally efficient and simple estimators for unnormalized statistical
models*, UAI 2010) maximise, over theta with c free,

    J(theta) = (1/n_data) sum_x g1(q) - (1/n_noise) sum_y g2(q),      q = p_m(.; theta)/p_n,      g2'(q) = q g1'(q)

Put w(q) = q g1'(q) > 0. With g = d ln p_m / d theta the gradient is an estimating equation with a weight,

    (1/n_data) sum_x w g - (1/n_noise) sum_y q w g = 0.

*Why it works.* In the limit the integrand over u is p_d g1(q) - p_n g2(q), whose derivative by q is g1'(q) (p_d - p_n
q): it rises up to q = p_d/p_n and falls from there. So J is largest at p_m = p_d among *all* positive functions, no
normalisation needed. *Second derivatives* by G = ln q, with e = d ln w / dG:  w e on the data, -q w (1 + e) on the
noise. Where -1 <= e <= 0 both are <= 0: J is concave for a model linear in theta, as NCE's is.

    name                            w(q)             g1                g2                      e
    importance sampling             1                ln q              q - 1                   0
    inverse importance sampling     1/q              1 - 1/q           ln q                    -1
    polynomial                      q                q - 1             (q^2 - 1)/2             1       not concave
    inverse polynomial              1/q^2            (1 - 1/q^2)/2     1 - 1/q                 -2      not concave
    NCE, any nu                     1/(1 + q/nu)     ln[q/(nu + q)]    nu ln(1 + q/nu)         -q/(nu + q)

The first four are powers, w = q^a (``PowerWeight``): g1 = (q^a - 1)/a, g2 = (q^(a+1) - 1)/(a+1), logarithms where the
exponent is 0. Names and choices of g1, g2 are Pihlaja et al.'s as we know them at second hand (the paper itself was not
before us, hence no equation numbers); everything else is derived here. a = -1/2 is the member that treats data and
noise alike.

**Tails decide which variances exist** (``asymptotics_weights.py``): the estimate's variance holds E_d[w^2 (1 + q/nu) g
g^T], hence E_d[q^s] with s = 2a and s = 2a + 1, a the exponent of w where q is small or large. Where q is small, only s
< -1 can diverge; where q is large, only s > 0. NCE's weight has exponents 0 and -1: nothing can diverge. IS needs
E_d[q] = int p_d^2/p_n < inf.

Conventions
-----------
log_ratio   (n_points,)   G = ln q
lower, upper              exponents of w: w ~ q^lower as q -> 0, w ~ q^upper as q -> inf (up to constants)
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from nce_ref._checks import Float, as_array, as_positive
from nce_ref.special import log_sigmoid, sigmoid, softplus


class Weight(Protocol):
    """A member of the family. All methods take G = ln q and return as many numbers; overflow gives +-inf, in
    silence."""

    @property
    def lower(self) -> float: ...

    @property
    def upper(self) -> float: ...

    @property
    def concave(self) -> bool:
        """-1 <= e <= 0 everywhere, and e and its slope such that ln of each second derivative moves no faster than
        G."""
        ...

    def potentials(self, log_ratio: Float, /) -> tuple[Float, Float]:
        """Return (g1, g2)."""
        ...

    def log_weight(self, log_ratio: Float, /) -> Float:
        """Return ln w."""
        ...

    def elasticity(self, log_ratio: Float, /) -> Float:
        """Return e = d ln w / dG."""
        ...


def refuse_unfit_weight(weight: object) -> None:
    """Raise ValueError for what is no member of the family, such as a name or a number."""
    if not callable(getattr(weight, "potentials", None)):
        raise ValueError(
            f"weight: got {weight!r}; expected a member of the family, e.g. LogisticWeight(nu),"
            " NCE's, or PowerWeight(0.0)"
        )


@dataclass(frozen=True)
class PowerWeight:
    """The weight w = q^exponent, q = p_m/p_n: importance sampling (0), its inverse (-1), polynomial (1), symmetric
    (-1/2).

    Parameters
    ----------
    exponent : float
        Between -1 and 0 the objective is concave in ln p_m, elsewhere it is not.

    Raises
    ------
    ValueError
        For an exponent that is no finite number.

    Examples
    --------
    >>> import numpy as np
    >>> import nce_ref as nr
    >>> g1, g2 = nr.PowerWeight(-0.5).potentials(np.array([0.0, np.log(4.0)]))
    >>> g1, g2
    (array([0., 1.]), array([0., 2.]))
    """

    exponent: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "exponent", float(as_array("exponent", self.exponent, 0)))

    @property
    def lower(self) -> float:
        """The exponent."""
        return self.exponent

    @property
    def upper(self) -> float:
        """The exponent."""
        return self.exponent

    @property
    def concave(self) -> bool:
        """Between inverse importance sampling and importance sampling."""
        return -1.0 <= self.exponent <= 0.0

    def potentials(self, log_ratio: Float) -> tuple[Float, Float]:
        """Return (q^a - 1)/a and (q^(a+1) - 1)/(a+1)."""
        return _box_cox(log_ratio, self.exponent), _box_cox(log_ratio, self.exponent + 1.0)

    def log_weight(self, log_ratio: Float) -> Float:
        """Return a G."""
        return self.exponent * log_ratio

    def elasticity(self, log_ratio: Float) -> Float:
        """Return a."""
        return np.full(len(log_ratio), self.exponent)


@dataclass(frozen=True)
class LogisticWeight:
    """The weight of NCE, w = 1/(1 + q/nu) with q = p_m/p_n: between 0 and 1, so that no asymptotic variance diverges.

    Parameters
    ----------
    nu : float above 0
        The ratio in the weight; n_noise/n_data gives NCE, and the smallest asymptotic variance.

    Raises
    ------
    ValueError
        For a nu that is not above 0.

    Examples
    --------
    >>> import numpy as np
    >>> import nce_ref as nr
    >>> np.exp(nr.LogisticWeight(3.0).log_weight(np.array([0.0]))).round(3)  # 1/(1 + 1/3)
    array([0.75])
    """

    nu: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "nu", as_positive("nu", self.nu))

    @property
    def lower(self) -> float:
        """w -> 1."""
        return 0.0

    @property
    def upper(self) -> float:
        """w ~ nu/q."""
        return -1.0

    @property
    def concave(self) -> bool:
        """Both second derivatives are multiples of h(1 - h)."""
        return True

    def potentials(self, log_ratio: Float) -> tuple[Float, Float]:
        """Return ln h and -nu ln(1 - h), h = sigma(G - ln nu)."""
        t = log_ratio - math.log(self.nu)
        return log_sigmoid(t), self.nu * softplus(t)

    def log_weight(self, log_ratio: Float) -> Float:
        """Return ln(1 - h)."""
        return log_sigmoid(math.log(self.nu) - log_ratio)

    def elasticity(self, log_ratio: Float) -> Float:
        """Return -h."""
        return -sigmoid(log_ratio - math.log(self.nu))


IMPORTANCE_SAMPLING = PowerWeight(0.0)
INVERSE_IMPORTANCE_SAMPLING = PowerWeight(-1.0)
POLYNOMIAL = PowerWeight(1.0)
INVERSE_POLYNOMIAL = PowerWeight(-2.0)


def _box_cox(log_ratio: Float, a: float) -> Float:
    # expm1 goes over into the logarithm as a -> 0, where (q^a - 1)/a by itself is 0/0.
    with np.errstate(over="ignore"):
        return log_ratio.copy() if a == 0.0 else np.expm1(a * log_ratio) / a
