"""Maximise, and certify what came out; no concrete model is known here."""

from nce_ref.optimize.adam import Adam, AdamRun, AdamState, maximize_adam
from nce_ref.optimize.certificate import Certificate, certify
from nce_ref.optimize.nonsmooth import Maximum, maximize
from nce_ref.optimize.polyak import SecondHalf
from nce_ref.optimize.quasi_newton import maximize_lbfgs

__all__ = [
    "Adam",
    "AdamRun",
    "AdamState",
    "Certificate",
    "Maximum",
    "SecondHalf",
    "certify",
    "maximize",
    "maximize_adam",
    "maximize_lbfgs",
]
