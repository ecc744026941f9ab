r"""Right implementations in plain NumPy, in the various forms that people write: none of them may be called wrong.

Conventions
-----------
log_noise   (u, mean, cov) -> ln N, by an inverse, a solve, an eigendecomposition, SciPy
log_h       (log_model, log_noise, log_nu) -> (ln h, ln(1 - h)), as a softplus of the difference, by ln(p_m + nu p_n),
            as BCE with logits
gradients   1 - h with the cancellation that the papers' formula has
network     (name, layer_sizes, theta, u) -> outputs: ``right_networks``
rivals      objective -> a function of its arguments: ``right_rivals``
total       the sum over points: pairwise as NumPy has it, or one after the other in the dtype, as a loop in C has it
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit, log_expit
from scipy.stats import multivariate_normal

from nce_ref.oracle.families import FAMILIES
from tests.oracle.families.networks.right_networks import BY_COSH, BY_OUTPUT, batched, in_loops
from tests.oracle.families.right_rivals import BY_SOFTMAX, BY_SUMS, IN_LOOPS

SQRT2 = np.sqrt(2.0)
# The families whose right forms are here.
_FAMILIES = (
    "kernels",
    "densities",
    "nce",
    "networks",
    "importance",
    "score_matching",
    "dynamics",
)
KNOWN = tuple(
    objective.name
    for family in FAMILIES
    if family.name in _FAMILIES
    for objective in family.objectives
)


def by_inverse(u, mean, cov):
    P, d = np.linalg.inv(cov), u - mean
    return (
        -0.5 * np.einsum("ti,ij,tj->t", d, P, d)
        - 0.5 * np.linalg.slogdet(cov)[1]
        - 0.5 * len(mean) * np.log(2 * np.pi).astype(u.dtype)
    )


def by_solve(u, mean, cov):
    d = u - mean
    quadratic = (d * np.linalg.solve(cov, d.T).T).sum(axis=1)
    log_det = np.log(np.diag(np.linalg.cholesky(cov)) ** 2).sum()
    return -0.5 * quadratic - 0.5 * log_det - 0.5 * len(mean) * np.log(2 * np.pi).astype(u.dtype)


def by_eigenvalues(u, mean, cov):
    values, vectors = np.linalg.eigh(cov)
    z = (u - mean) @ vectors
    return (
        -0.5 * (z * z / values).sum(axis=1)
        - 0.5 * np.log(values).sum()
        - 0.5 * len(mean) * np.log(2 * np.pi)
    ).astype(u.dtype)


def by_scipy(u, mean, cov):
    return multivariate_normal(mean, cov).logpdf(u).reshape(-1).astype(u.dtype)


def by_softplus(log_model, log_noise, log_nu):
    t = log_model - log_noise - log_nu
    return -np.logaddexp(0 * t, -t), -np.logaddexp(0 * t, t)


def by_log_sum(log_model, log_noise, log_nu):
    both = np.logaddexp(log_model, log_noise + log_nu)
    return log_model - both, log_noise + log_nu - both


def by_bce(log_model, log_noise, log_nu):
    t = log_model - log_noise - log_nu
    log_h = np.minimum(t, 0) - np.log1p(np.exp(-np.abs(t)))
    return log_h, log_h - t


def pairwise(terms):
    return terms.sum(axis=0)


def one_by_one(terms):
    return np.cumsum(terms, axis=0, dtype=terms.dtype)[-1]


NETWORK = batched(BY_OUTPUT)


def implementation(
    log_noise=by_inverse, log_h=by_softplus, total=pairwise, network=NETWORK, rivals=BY_SOFTMAX
):
    """(objective, arguments) -> outputs, in the arguments' dtype."""

    def nce(model_x, model_y, noise_x, noise_y, nu):
        log_nu, n_data = model_x.dtype.type(np.log(nu)), len(model_x)
        (log_x, _), (log_y, log_other_y) = (
            log_h(model_x, noise_x, log_nu),
            log_h(model_y, noise_y, log_nu),
        )
        return (
            (total(log_x) + total(log_other_y)) / n_data,
            (1 - np.exp(log_x)) / n_data,
            -np.exp(log_y) / n_data,
        )

    def of_model(log_model, slope, a, dtype):
        samples = a["x"], a["y"]
        noise = [log_noise(u, a["noise_mean"], a["noise_cov"]) for u in samples]
        value, *weights = nce(
            *(log_model(u) + dtype(a["c"]) for u in samples), *noise, len(a["y"]) / len(a["x"])
        )
        weights, points = np.concatenate(weights), np.concatenate(samples)
        return value, total(weights[:, None, None] * slope(points)), total(weights)

    def laplace(B, u, dtype):
        return -dtype(SQRT2) * np.abs(u @ B.T).sum(axis=1)

    def laplace_slope(B, u, dtype):
        return -dtype(SQRT2) * np.sign(u @ B.T)[:, :, None] * u[:, None, :]

    def evaluate(objective, a):
        dtype = next(value for value in a.values() if not isinstance(value, float)).dtype.type
        if "layer_sizes" in a:
            return network(objective.split("_")[1], **a)
        if objective == "laplace_ica_importance_sampling":
            return rivals[objective](log_noise=log_noise, **a)
        if objective in rivals:
            return rivals[objective](**a)
        if objective == "log_sigmoid":
            return {"value": log_expit(a["t"]), "grad": 1 - expit(a["t"])}
        if objective == "sigmoid":
            value = 1 / (1 + np.exp(-a["t"]))
            return {"value": value, "grad": value * (1 - value)}
        if objective == "nce_from_log_ratios":
            data, noise = a["log_ratio_data"], a["log_ratio_noise"]
            value, of_data, of_noise = nce(data, noise, 0 * data, 0 * noise, a["nu"])
            return {
                "value": value,
                "grad_log_ratio_data": of_data,
                "grad_log_ratio_noise": of_noise,
            }
        if objective == "binary_nce":
            value, of_data, of_noise = nce(
                a["log_model_data"],
                a["log_model_noise"],
                a["log_noise_data"],
                a["log_noise_noise"],
                a["nu"],
            )
            return {
                "value": value,
                "grad_log_model_data": of_data,
                "grad_log_model_noise": of_noise,
            }
        if objective == "gaussian_log_density":
            return {"value": log_noise(a["u"], a["mean"], a["cov"])}
        if objective == "laplace_ica_log_density":
            return {"value": laplace(a["B"], a["u"], dtype) + dtype(a["c"])}
        if objective == "laplace_ica_mle":
            B, x = a["B"], a["x"]
            value = (
                total(laplace(B, x, dtype)) / len(x)
                + np.log(np.abs(np.linalg.det(B)))
                - dtype(0.5 * len(B) * np.log(2))
            )
            return {
                "value": value,
                "grad_B": total(laplace_slope(B, x, dtype)) / len(x) + np.linalg.inv(B).T,
            }
        if objective == "laplace_ica_nce":
            value, of_B, of_c = of_model(
                lambda u: laplace(a["B"], u, dtype),
                lambda u: laplace_slope(a["B"], u, dtype),
                a,
                dtype,
            )
            return {"value": value, "grad_B": of_B, "grad_c": of_c}
        P = a["precision"]
        value, of_precision, of_c = of_model(
            lambda u: -dtype(0.5) * np.einsum("ti,ij,tj->t", u, P, u),
            lambda u: -dtype(0.5) * u[:, :, None] * u[:, None, :],
            a,
            dtype,
        )
        return {"value": value, "grad_precision": of_precision, "grad_c": of_c}

    return evaluate


FORMS = {
    "inverse, softplus": implementation(),
    "solve and Cholesky, ln(p_m + nu p_n)": implementation(by_solve, by_log_sum),
    "eigenvalues, BCE with logits": implementation(
        by_eigenvalues, by_bce, network=batched(BY_COSH), rivals=BY_SUMS
    ),
    "scipy, summed one by one": implementation(
        by_scipy, by_softplus, one_by_one, in_loops(BY_OUTPUT), IN_LOOPS
    ),
    "inverse, ln(p_m + nu p_n), one by one": implementation(
        by_inverse, by_log_sum, one_by_one, in_loops(BY_COSH), IN_LOOPS
    ),
}
