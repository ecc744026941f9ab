"""The catalogue of executable mistakes: what wrong implementations return, why it matters, and the right formula.

It serves three times: a report's diagnosis is the mistake whose outputs match, the vectors must tell every mistake from the
truth, and ``COMMON_MISTAKES.md`` is generated from it.
"""

from __future__ import annotations

from nce_ref.oracle.mistakes.base import Mistake
from nce_ref.oracle.mistakes.densities import DENSITIES
from nce_ref.oracle.mistakes.family import FAMILY
from nce_ref.oracle.mistakes.gradients import GRADIENTS
from nce_ref.oracle.mistakes.kernels import KERNELS
from nce_ref.oracle.mistakes.likelihood import LIKELIHOOD
from nce_ref.oracle.mistakes.model_gradients import MODEL_GRADIENTS
from nce_ref.oracle.mistakes.models import MODELS
from nce_ref.oracle.mistakes.numerics import NUMERICS
from nce_ref.oracle.mistakes.samples import SAMPLES

# Title and mistakes of each file, in reading order.
GROUPS: tuple[tuple[str, tuple[Mistake, ...]], ...] = (
    ("The noise ratio nu", FAMILY),
    ("Samples, labels and densities mixed up", SAMPLES),
    ("The noise's Gaussian log-density", DENSITIES),
    ("The model and its constant c", MODELS),
    ("The likelihood of the Laplace ICA model", LIKELIHOOD),
    ("Arithmetic", NUMERICS),
    ("The kernels", KERNELS),
    ("Gradients of J written by hand", GRADIENTS),
    ("Gradients by the model's parameters written by hand", MODEL_GRADIENTS),
)

CATALOGUE: dict[str, Mistake] = {mistake.id: mistake for _, group in GROUPS for mistake in group}
