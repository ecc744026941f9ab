"""One file an estimator: an objective handed to ``optimize``, and standard errors."""

from nce_ref.estimators.covariance import EstimatedCovariance, estimate_covariance
from nce_ref.estimators.fit import Fit, StartResult
from nce_ref.estimators.mle import fit_mle
from nce_ref.estimators.nce import fit_nce
from nce_ref.estimators.nce_adam import AdamFit, fit_nce_adam

__all__ = ["AdamFit", "EstimatedCovariance", "Fit", "StartResult", "estimate_covariance", "fit_mle", "fit_nce", "fit_nce_adam"]
