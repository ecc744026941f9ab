"""Maximise, and certify what came out; no concrete model is known here."""

from nce_ref.optimize.certificate import Certificate, certify
from nce_ref.optimize.nonsmooth import Maximum, maximize
from nce_ref.optimize.quasi_newton import maximize_lbfgs

__all__ = ["Certificate", "Maximum", "certify", "maximize", "maximize_lbfgs"]
