"""What a gradient check found: a verdict for every entry, and in words what is wrong and what to do next.

Conventions
-----------
status      "agrees", "disagrees", "not checked" or "unresolved"; ``gradcheck.py`` says when it is which
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

AGREES, DISAGREES, NOT_CHECKED, UNRESOLVED = "agrees", "disagrees", "not checked", "unresolved"


@dataclass(frozen=True)
class Coordinate:
    """The verdict on one entry of the gradient. ``numeric`` and ``step`` are NaN exactly where no step could be
    used."""

    name: str
    status: str
    analytic: float
    numeric: float
    difference: float
    error_estimate: float
    tolerance: float
    step: float
    method: str
    note: str

    @property
    def ratio(self) -> float:
        """|difference| in units of the tolerance: above 1 it disagrees; 0.0 where nothing could be compared."""
        return (
            abs(self.difference) / self.tolerance
            if np.isfinite(self.difference) and self.tolerance > 0.0
            else 0.0
        )

    def __str__(self) -> str:
        line = f"{self.name}: {self.status.upper() if self.status != AGREES else AGREES}"
        if np.isfinite(self.numeric):
            line += (
                f": fun's gradient {self.analytic:.9g}, {self.method} {self.numeric:.9g},"
                f" difference {self.difference:.3g} = {self.ratio:.3g} x tolerance"
                f" {self.tolerance:.2g} (estimated error {self.error_estimate:.2g}, step"
                f" {self.step:.2g})"
            )
        return line + (f" [{self.note}]" if self.note else "")


@dataclass(frozen=True)
class GradientReport:
    """One ``Coordinate`` an entry of the gradient; ``str(report)`` says what is wrong and what to do next.

    Attributes
    ----------
    coordinates : tuple of Coordinate
        Each with ``status`` ("agrees", "disagrees", "not checked", "unresolved"), ``analytic``, ``numeric``,
        ``tolerance`` and more.
    allow_unchecked : bool
    ok : bool
        Whether every entry agrees; entries that are not checked count as failures unless ``allow_unchecked``.
    """

    coordinates: tuple[Coordinate, ...]
    allow_unchecked: bool

    @property
    def ok(self) -> bool:
        """Whether every entry agrees; entries that are not checked count as failures unless ``allow_unchecked``."""
        passing = (AGREES, NOT_CHECKED) if self.allow_unchecked else (AGREES,)
        return all(c.status in passing for c in self.coordinates) and any(
            c.status == AGREES for c in self.coordinates
        )

    def indices(self, status: str = DISAGREES) -> tuple[int, ...]:
        """Return the positions of the entries with this status."""
        return tuple(i for i, c in enumerate(self.coordinates) if c.status == status)

    def __str__(self) -> str:
        words = {
            AGREES: "agree",
            DISAGREES: "disagree",
            NOT_CHECKED: NOT_CHECKED,
            UNRESOLVED: UNRESOLVED,
        }
        counts = ", ".join(
            f"{len(self.indices(s))} {word}" for s, word in words.items() if self.indices(s)
        )
        lines = [
            f"gradient check {'passed' if self.ok else 'FAILED'}: of {len(self.coordinates)} entries {counts}"
        ]
        bad = sorted(
            (c for c in self.coordinates if c.status != AGREES),
            key=lambda c: (c.status != DISAGREES, -c.ratio),
        )
        lines += [f"  {c}" for c in bad[:20]] + (
            [f"  ... and {len(bad) - 20} more"] if len(bad) > 20 else []
        )
        if not bad:
            lines.append(f"  closest call: {max(self.coordinates, key=lambda c: c.ratio)}")
        if self.indices(DISAGREES):
            lines.append(f"  what to do: {self._diagnosis()}")
        if self.indices(NOT_CHECKED):
            lines.append(
                "  what to do: move theta off the kink or the domain's edge, or pass"
                " allow_unchecked=True if the rest is enough"
            )
        if self.indices(UNRESOLVED):
            lines.append(
                "  what to do: pass scale= (typical size of each coordinate) or kinks=, make fun"
                " less noisy, or raise resolution="
            )
        return "\n".join(lines)

    def _diagnosis(self) -> str:
        compared = [
            c for c in self.coordinates if np.isfinite(c.numeric) and abs(c.numeric) > c.tolerance
        ]
        factors = np.array([c.analytic / c.numeric for c in compared])
        widths = np.array([c.tolerance / abs(c.numeric) for c in compared])
        if len(factors) > 1 and np.all(
            np.abs(factors - np.median(factors)) <= 2.0 * widths * (1.0 + np.abs(factors))
        ):
            factor = float(np.median(factors))
            if abs(factor + 1.0) < 1e-3:
                return (
                    "every entry has the opposite sign: is fun's gradient that of the negative"
                    " (minimised) objective?"
                )
            return (
                f"fun's gradient is {factor:.6g} times the numerical one in every entry: look for a"
                " factor (nu, 1/n_data, 1/2)"
            )
        return "compare the entries listed above with the formula for just those entries; the others are right"
