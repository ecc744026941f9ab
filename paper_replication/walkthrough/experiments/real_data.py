"""One random split of a table: Gaussian, Laplace ICA and network, each fitted by NCE on the same rows, judged on the
rest.

*Columns*: see ``tables.compare_models``. The repetition is the split; splits share rows, so they are not independent,
and ``estimands.mean_over_splits`` allows for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..tables import EPOCHS, compare_models, load_table, split

EXPERIMENT_VERSION = 3


def run(params: Mapping[str, Any], rng: np.random.Generator) -> dict[str, float]:
    """Return the numbers of one split of ``params["table"]``."""
    return compare_models(
        split(load_table(params["table"]), rng), rng, int(params.get("epochs", EPOCHS))
    )


def expected_seconds(params: Mapping[str, Any]) -> float:
    """Rough cost of a run."""
    return 2.0 if params["table"] == "breast_cancer" else 0.9
