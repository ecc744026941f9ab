"""The catalogue of executable mistakes: what wrong implementations return, why it matters, and the right formula.

It serves three times: a report's diagnosis is the mistake whose outputs match, the vectors must tell every mistake from the
truth, and ``COMMON_MISTAKES.md`` is generated from it.
"""

from __future__ import annotations

from nce_ref.oracle.mistakes.base import Mistake
from nce_ref.oracle.mistakes.covariance import COVARIANCE_ALGEBRA
from nce_ref.oracle.mistakes.covariance_integrals import COVARIANCE_INTEGRALS
from nce_ref.oracle.mistakes.decision import METROPOLIS, METROPOLIS_ARITHMETIC
from nce_ref.oracle.mistakes.densities import DENSITIES
from nce_ref.oracle.mistakes.energy import ENERGY
from nce_ref.oracle.mistakes.family import FAMILY
from nce_ref.oracle.mistakes.frameworks import FRAMEWORKS
from nce_ref.oracle.mistakes.gradients import GRADIENTS
from nce_ref.oracle.mistakes.importance import IMPORTANCE_ARITHMETIC, IMPORTANCE_WEIGHTS
from nce_ref.oracle.mistakes.importance_terms import IMPORTANCE_GRADIENTS, IMPORTANCE_TERMS
from nce_ref.oracle.mistakes.kernels import KERNELS
from nce_ref.oracle.mistakes.leapfrog import LEAPFROG_STEPS
from nce_ref.oracle.mistakes.leapfrog_scores import LEAPFROG_SCORES
from nce_ref.oracle.mistakes.likelihood import LIKELIHOOD
from nce_ref.oracle.mistakes.model_gradients import MODEL_GRADIENTS
from nce_ref.oracle.mistakes.model_terms import MODEL_TERMS
from nce_ref.oracle.mistakes.models import MODELS
from nce_ref.oracle.mistakes.network import NETWORK, NETWORK_ARITHMETIC, NETWORK_GRADIENTS
from nce_ref.oracle.mistakes.noise_inputs import NOISE_INPUTS
from nce_ref.oracle.mistakes.numerics import NUMERICS
from nce_ref.oracle.mistakes.samples import SAMPLES
from nce_ref.oracle.mistakes.score_matching import SCORE_MATCHING_ARITHMETIC, SCORE_MATCHING_LOSS
from nce_ref.oracle.mistakes.score_matching_divergence import SCORE_MATCHING_DIVERGENCE
from nce_ref.oracle.mistakes.score_matching_gradients import SCORE_MATCHING_GRADIENTS

# Where rounding and overflow decide what comes out: it varies with the code, and is compared accordingly.
ARITHMETIC = (
    *NUMERICS,
    *FRAMEWORKS,
    *NETWORK_ARITHMETIC,
    *IMPORTANCE_ARITHMETIC,
    *SCORE_MATCHING_ARITHMETIC,
    *METROPOLIS_ARITHMETIC,
)

# Title and mistakes of each file, in reading order.
GROUPS: tuple[tuple[str, tuple[Mistake, ...]], ...] = (
    ("The noise ratio nu", FAMILY),
    ("Samples, labels and densities mixed up", SAMPLES),
    ("The noise's Gaussian log-density", (*DENSITIES, *NOISE_INPUTS)),
    ("The model and its constant c", (*MODELS, *MODEL_TERMS)),
    ("The likelihood of the Laplace ICA model", LIKELIHOOD),
    ("Arithmetic", ARITHMETIC),
    ("The kernels", KERNELS),
    ("Gradients of J written by hand", GRADIENTS),
    ("Gradients by the model's parameters written by hand", MODEL_GRADIENTS),
    ("The asymptotic covariance", (*COVARIANCE_INTEGRALS, *COVARIANCE_ALGEBRA)),
    ("Networks as log-densities", NETWORK),
    ("Back-propagation written by hand", NETWORK_GRADIENTS),
    ("Importance sampling", (*IMPORTANCE_WEIGHTS, *IMPORTANCE_TERMS)),
    ("Score matching", (*SCORE_MATCHING_LOSS, *SCORE_MATCHING_DIVERGENCE)),
    (
        "Gradients of importance sampling and score matching written by hand",
        (*IMPORTANCE_GRADIENTS, *SCORE_MATCHING_GRADIENTS),
    ),
    ("The leapfrog", (*LEAPFROG_STEPS, *LEAPFROG_SCORES)),
    ("The energies of a transition and the Metropolis decision", (*ENERGY, *METROPOLIS)),
)

CATALOGUE: dict[str, Mistake] = {mistake.id: mistake for _, group in GROUPS for mistake in group}
