"""Runs of the walkthrough that never happened: every column at a value that its claims expect, with a small scatter."""

from __future__ import annotations

import numpy as np

from paper_replication.walkthrough.evidence import ROOT, gather
from paper_replication.walkthrough.naive import BREAKS_AT
from paper_replication.walkthrough.references import optimal_loss, reused_noise_flattery

LOG_2 = float(np.log(2.0))
SCATTER = {"stable_error": 1e-16, "flattery": 0.003}

EXPECTED = {
    "as_published": {
        "loss.first": 5.7,
        "loss.last": 0.94,
        "loss.test": 1.0,
        "loss.own": 0.97,
        "loss.optimal": 0.62,
        "loss.constant": 0.89,
        "log_ratio.noise": 6.0,
        "log_ratio.data": 250.0,
        "correlation": 0.0,
        "rmse": 2.6,
    },
    "network_faults": {
        "loss.own": 1.33,
        "loss.own.optimal": 1.27,
        "loss.other": 1.45,
        "loss.other.optimal": 0.6,
        "loss.reused": 1.30,
        "flattery": 0.034,
        "correlation": 0.93,
        "rmse": 0.9,
        "growth": 0.0,
        "affine.loss.own": 1.9,
        "affine.correlation": 0.0,
        "affine.rmse": 2.0,
        "affine.growth": 3.1,
    },
    "ica_faults": {
        "matched.relative_error": 0.04,
        "matched.scale": 1.0,
        "matched.c_shift": 0.0,
        "matched.optimal": optimal_loss(1.0),
        "matched.loss": 1.28,
        "variance2.relative_error": 0.36,
        "variance2.scale": 2.0**-0.5,
        "variance2.c_shift": -2.0 * LOG_2,
        "flattery": reused_noise_flattery(1.0),
    },
    "mismatched_noise 1000": {
        "matched.relative_error": 0.04,
        "standard.relative_error": 0.4,
        "matched.limit": 33.0,
        "standard.limit": 170.0,
        "matched.optimal": 1.27,
        "standard.optimal": 0.7,
    },
    "mismatched_noise 4000": {
        "matched.relative_error": 0.01,
        "standard.relative_error": 0.01 * 170.0 / 33.0,
        "matched.limit": 33.0,
        "standard.limit": 170.0,
        "matched.optimal": 1.27,
        "standard.optimal": 0.7,
    },
    "naive_logarithm": {
        "float64": BREAKS_AT["float64"],
        "float32": BREAKS_AT["float32"],
        "stable_error": 2e-16,
    },
    "right": {
        "optimal": optimal_loss(10.0),
        "base.loss": 3.351,
        "base.correlation": 0.89,
        "base.rmse": 1.1,
        "ica.loss": 3.132,
        "ica.correlation": 0.996,
        "ica.rmse": 0.17,
        "tanh.loss": 3.23,
        "tanh.correlation": 0.94,
        "tanh.rmse": 0.9,
        "tanh.training_loss": 3.17,
        "tanh.log_integral": 0.0,
        "tanh.integral_error": 0.003,
        "softplus.loss": 3.25,
        "softplus.correlation": 0.93,
        "softplus.rmse": 0.9,
        "softplus.training_loss": 3.2,
        "softplus.log_integral": 0.0,
        "softplus.integral_error": 0.003,
    },
}
for _table, _shift in (("wine", 0.0), ("breast_cancer", 0.3)):
    EXPECTED[f"real_data {_table}"] = {
        f"{model}.{name}": value
        for model, loss, n_params in (
            ("gaussian", 3.6, 37),
            ("ica", 3.1, 65),
            ("network", 2.6, 433),
        )
        for name, value in (
            ("loss", loss - _shift),
            ("advantage", 3.3 - loss),
            ("log_mass", 0.0),
            ("mass_error", 0.02),
            ("n_params", n_params),
        )
    }


def rows(count=30, changed=None):
    """Return rows; ``changed`` maps (experiment, column) to another value, or to None for no such runs."""
    changed = changed or {}
    made = []
    for group, columns in EXPECTED.items():
        experiment, _, rest = group.partition(" ")
        params = (
            {"table": rest} if experiment == "real_data" else {"n_data": int(rest)} if rest else {}
        )
        rng = np.random.default_rng(len(made))
        for repetition in range(count):
            result = {}
            for name, value in columns.items():
                value = changed.get((group, name), value)
                scatter = SCATTER.get(name, 0.005 + 0.002 * abs(value) if value else 0.01)
                if group == "naive_logarithm" or name.endswith(("relative_error", "limit")):
                    scatter = min(scatter, 1e-3 * abs(value), 1e-3)
                if group == "right":
                    scatter = 0.002
                result[name] = float(value + scatter * rng.standard_normal())
            made.append(
                {
                    "experiment": ROOT + experiment,
                    "version": 1,
                    "params": params,
                    "repetition": repetition,
                    "result": result,
                }
            )
    return made


def evidence(count=30, changed=None):
    """The same as evidence."""
    return gather(rows(count, changed))
