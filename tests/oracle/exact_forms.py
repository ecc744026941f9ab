"""The families' exact functions in one place, for tests that compare several."""

from nce_ref.oracle.families.densities.exact import (
    gaussian_log_density,
    laplace_ica_log_density,
    laplace_ica_mle,
)
from nce_ref.oracle.families.importance.exact import (
    importance_sampling_from_log_densities,
    laplace_ica_importance_sampling,
    log_mean_exp,
    share_sum,
)
from nce_ref.oracle.families.kernels.exact import log_sigmoid, sigmoid
from nce_ref.oracle.families.nce.exact import (
    binary_nce,
    gaussian_nce,
    laplace_ica_nce,
    nce_from_log_ratios,
)
from nce_ref.oracle.families.score_matching.exact import laplace_ica_score_matching

__all__ = [
    "binary_nce",
    "gaussian_log_density",
    "gaussian_nce",
    "importance_sampling_from_log_densities",
    "laplace_ica_importance_sampling",
    "laplace_ica_log_density",
    "laplace_ica_mle",
    "laplace_ica_nce",
    "laplace_ica_score_matching",
    "log_mean_exp",
    "log_sigmoid",
    "nce_from_log_ratios",
    "share_sum",
    "sigmoid",
]
