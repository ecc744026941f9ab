"""scikit-learn's logistic losses: the half-binomial loss behind its linear models and boosting, and its metric."""

from __future__ import annotations

import numpy as np
from scipy.special import expit
from sklearn._loss import HalfBinomialLoss
from sklearn.metrics import log_loss

from tests.peers.clients import Client


def _labelled(log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
    """The logits of both samples, and 1 for data, 0 for noise."""
    logits = np.concatenate(
        [log_model_data - log_noise_data, log_model_noise - log_noise_noise]
    ) - np.log(nu)
    return np.repeat([1, 0], [len(log_model_data), len(log_model_noise)]).astype(
        logits.dtype
    ), logits


def half_binomial(**inputs):
    labels, logits = _labelled(**inputs)
    n_data = len(inputs["log_model_data"])
    loss, gradient = HalfBinomialLoss().loss_gradient(y_true=labels, raw_prediction=logits)
    return {
        "value": -loss.sum() / n_data,
        "grad_log_model_data": -gradient[:n_data] / n_data,
        "grad_log_model_noise": -gradient[n_data:] / n_data,
    }


def metric(**inputs):
    labels, logits = _labelled(**inputs)
    return -log_loss(labels, expit(logits), normalize=False, labels=[0, 1]) / len(
        inputs["log_model_data"]
    )


CLIENTS = [
    Client("sklearn._loss.HalfBinomialLoss", "binary_nce", half_binomial),
    Client(
        "sklearn.metrics.log_loss of expit(t)",
        "binary_nce",
        metric,
        remark="takes probabilities, clips them at eps",
    ),
]
