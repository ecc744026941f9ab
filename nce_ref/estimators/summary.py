"""A fit as a table: estimates with standard errors and intervals, and below them what was proved and what was not.

Conventions
-----------
names   (n_params,)   ``model.parameter_names`` where the model has it, else theta[0], theta[1], ...
95 %    estimate +- 1.96 standard errors: asymptotic, for a right model
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nce_ref.estimators.covariance import estimate_covariance
from nce_ref.estimators.evidence import proved

_NORMAL = 1.959963984540054
_SAME = 1e-9


def summary(fit: Any) -> str:
    """Return the table of a ``Fit``; standard errors are left out, with the reason, where there are none."""
    problem = fit.problem
    model = getattr(problem, "model", None)
    given = getattr(model, "given", model)
    name = type(given).__name__ if given is not None else type(problem).__name__
    lines = [f"{type(problem).__name__} of {name}: {fit.status}, {fit.message}"]
    sizes = [f"n_data = {problem.n_data}"] if hasattr(problem, "n_data") else []
    sizes += [f"nu = {problem.nu:g}"] if hasattr(problem, "nu") else []
    reached = sum(
        start.objective >= fit.objective - _SAME * (1.0 + abs(fit.objective))
        for start in fit.starts
    )
    sizes.append(
        f"objective {fit.objective:.6g}, reached from {reached} of {len(fit.starts)} starts"
    )
    lines.append(", ".join([*sizes, f"{fit.n_evaluations} evaluations"]))
    names = list(getattr(given, "parameter_names", [f"theta[{k}]" for k in range(len(fit.theta))]))
    errors, reason = _standard_errors(fit)
    width = max(9, *(len(str(one)) for one in names))
    lines.append(
        f"{'parameter':<{width}} {'estimate':>11} {'std. error':>11} {'95 % interval':>25}"
    )
    for one, estimate, error in zip(names, fit.theta, errors):
        row = f"{one:<{width}} {estimate:>11.5g}"
        if math.isfinite(error):
            low, high = estimate - _NORMAL * error, estimate + _NORMAL * error
            row += f" {error:>11.3g} {f'[{low:.5g}, {high:.5g}]':>25}"
        lines.append(row)
    lines.append(f"Standard errors: {reason}")
    lines.append(
        f"{proved(fit.evidence_status, problem)} Not proved: that no other maximum is higher, that the model is right."
    )
    lines += [f"Warning: {word}" for word in getattr(fit, "warnings", ())]
    return "\n".join(lines)


def _standard_errors(fit: Any) -> tuple[Any, str]:
    try:
        found = estimate_covariance(fit)
    except (ValueError, NotImplementedError) as error:
        return np.full(len(fit.theta), math.nan), f"none: {error}"
    return found.standard_errors, f"{found.method}, for a right model"
