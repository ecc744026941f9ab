"""The guide's pictures, drawn from the variables of its own pages: ``make docs``."""

from __future__ import annotations

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import BoundaryNorm

from tests.docs.guide import DOCS, namespace_of


def thirty_lines() -> None:
    """J over precision and c, with the maximum, the truth and the models that are densities."""
    page = namespace_of("1_nce_in_thirty_lines.md")
    precisions, constants = np.linspace(0.25, 0.75, 81), np.linspace(-1.9, -0.8, 81)
    J = np.array([[page["objective"]([a, c]) for a in precisions] for c in constants])
    fig, ax = plt.subplots(figsize=(6.0, 4.2), layout="constrained")
    levels = J.max() - np.array([0.4, 0.2, 0.1, 0.05, 0.025, 0.012, 0.006, 0.003, 0.001, 0.0])
    shades = BoundaryNorm(levels, 256, extend="min")
    filled = ax.contourf(precisions, constants, J, levels=levels, norm=shades, extend="min")
    ax.plot(precisions, 0.5 * np.log(precisions / (2 * np.pi)), "w-", label="c = −ln Z(precision)")
    ax.plot(page["precision"], page["c"], "rx", ms=9, mew=2, label="maximum of J")
    ax.plot(1 / 2.25, -0.5 * np.log(2 * np.pi * 2.25), "wo", mfc="none", ms=9, label="truth")
    ax.set(xlabel="precision", ylabel="c", ylim=(constants[0], constants[-1]))
    ax.legend(facecolor="0.35", labelcolor="w", loc="lower right")
    fig.colorbar(filled, label="J", format="%.3f")
    fig.savefig(DOCS / "thirty_lines.png", dpi=120, metadata={"Software": None})


if __name__ == "__main__":
    thirty_lines()
