r"""The error at a fixed budget: E = N * (asymptotic mean squared error), N = n_data + n_noise, hence E = (1 + nu)
tr(Sigma_nu).

Data are N(0, 1). Two models, each with one parameter alpha and true value in the middle of things:

    variance   ln p_m = -Lambda u^2/2 + c      g = (-u^2/2, 1)     (near Lambda = 1 an error of the precision is one of the variance)
    mean       ln p_m = mu u - u^2/2 + c       g = (u, 1)

Three ways to count, ``TARGETS``:
    free       c is estimated with alpha (NCE as it is meant), error of alpha alone
    both       the same, error of alpha plus error of c
    tied       c = -ln Z(alpha): the model is normalised and NCE estimates alpha alone. g becomes g_alpha - E[g_alpha],
               and nothing makes I^-1 m the unit vector any more, so the correction term acts on alpha itself

    Sigma_nu = I^-1 - (1 + 1/nu) I^-1 m m^T I^-1,   I = E[P g g^T],  m = E[P g],
    P = 1/(1 + q/nu)     (J12; THEORY.md, *Asymptotics*)

Conventions
-----------
noise      N(mean, variance); a family moves one of the two and keeps the other at the data's
nu         n_noise/n_data
equal      noise = data: Sigma = (1 + 1/nu) Cramer-Rao, E = (1 + nu)^2/nu Cramer-Rao, least at nu = 1, where it is 4
           Cramer-Rao
"""  # noqa: E501

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

TARGETS = ("free", "both", "tied")
STEP = 1.0 / 16.0
# p_d falls to 1e-43 there, while |g|^2 grows to 1e4: what is left out is below rounding for nu above 1e-10.
_REACH = 14.0


@dataclass(frozen=True)
class Problem:
    """A model and a family of noise: ``moves`` is the noise's "variance" or its "mean"."""

    model: str
    moves: str

    @property
    def name(self) -> str:
        """For tables and files."""
        return f"{self.model} model, noise of other {self.moves}"

    @property
    def equal(self) -> float:
        """The noise's parameter where noise and data are the same density."""
        return 1.0 if self.moves == "variance" else 0.0

    def noise(self, parameter: float) -> tuple[float, float]:
        """Return (mean, variance)."""
        return (0.0, parameter) if self.moves == "variance" else (parameter, 1.0)


PROBLEMS = (Problem("variance", "variance"), Problem("mean", "mean"), Problem("mean", "variance"))


def budget_error(
    problem: Problem, target: str, parameter: float, nu: float, step: float = STEP
) -> float:
    """Return E. ``step`` of the trapezoidal rule on [-14, 14].

    The integrands are analytic and fall like a Gaussian, so the rule's error is e^(-2 pi d/step), d the distance from
    the real line to the nearest pole of P, where q = -nu: |Im ln q| = pi there. d is pi/|mean| for a shifted mean, and
    above 1.3 for variances from 0.1 to 100 with nu from 0.02 to 50: below 1e-50, unless the mean is beyond 9.
    Raises ValueError for a target that is not there, or a parameter or nu out of range.
    """
    mean, variance = problem.noise(parameter)
    if target not in TARGETS:
        raise ValueError(f"target: got {target!r}; expected one of {', '.join(TARGETS)}")
    if not (variance > 0.0 and nu > 0.0 and math.isfinite(nu) and abs(mean) <= 9.0):
        raise ValueError(
            f"parameter, nu: got {parameter} and {nu}; expected a variance and a nu above 0, a mean"
            " of at most 9 in size"
        )
    u = np.arange(-_REACH, _REACH + 0.5 * step, step)
    log_ratio = -0.5 * u**2 + 0.5 * (u - mean) ** 2 / variance + 0.5 * math.log(variance)
    mass = step * np.exp(-0.5 * u**2) / math.sqrt(2.0 * math.pi) * expit(math.log(nu) - log_ratio)
    g = -0.5 * u**2 if problem.model == "variance" else u
    if target == "tied":
        g = g - (-0.5 if problem.model == "variance" else 0.0)
        information, first = float(mass @ g**2), float(mass @ g)
        return (1.0 + nu) * (1.0 / information - (1.0 + 1.0 / nu) * (first / information) ** 2)
    aa, ac, cc = float(mass @ g**2), float(mass @ g), float(mass.sum())
    determinant = aa * cc - ac**2
    of_alpha, of_c = cc / determinant, aa / determinant - (1.0 + 1.0 / nu)
    return (1.0 + nu) * (of_alpha + (of_c if target == "both" else 0.0))


def equal_error(problem: Problem, target: str, nu: float = 1.0) -> float:
    """Return E for noise equal to the data, by its closed form (1 + nu)^2/nu times Cramer-Rao."""
    bound = {
        "variance": {"free": 2.0, "both": 2.5, "tied": 2.0},
        "mean": dict.fromkeys(TARGETS, 1.0),
    }[problem.model][target]
    return (1.0 + nu) ** 2 / nu * bound
