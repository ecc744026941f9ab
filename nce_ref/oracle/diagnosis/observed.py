"""What an implementation returned, laid out in one line, so that a suspect is compared with all of it at once.

Conventions
-----------
entry      one returned number; ``got``, ``want``, ``scale``, ``k`` are flat over vectors, outputs and indices, in this
           order
slots      where each output of each vector stands: (vector, output, slice)
``dtype``  what the implementation seems to compute in: float32 too, where every number returned in a float64 check is
           one; ``failed`` is then by float32's allowance
slack      what ``agree`` multiplies its tolerance by, 1 except where a second cause is known to blur the numbers
want       under the declared convention, as ``judge`` has it
agree      |a - b| <= 2 k (eps scale + tiny): both were rounded. NaN pairs with NaN, an infinity with the same infinity
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nce_ref._checks import Float
from nce_ref.oracle.conventions import Convention
from nce_ref.oracle.dtypes import FORMATS
from nce_ref.oracle.families.base import Objective
from nce_ref.oracle.results import CaseResult
from nce_ref.oracle.tolerance import K, tolerance_class
from nce_ref.oracle.vectors import Vector

Bools = NDArray[np.bool_]
HARD = (
    "tails",
    "separated",
    "kink",
    "exact-kink",
    "choice",
    "overflow",
)  # flags, or how they begin
_CONDITION = 1000.0  # the largest amplification of rounding that is granted to a suspect because the truth has it


@dataclass(frozen=True, eq=False)
class Slot:
    """One output of one vector in the flat arrays."""

    vector: int
    output: str
    where: slice


@dataclass(frozen=True)
class Layout:
    """The vectors, and (vector, output, first entry, end) of every slot."""

    vectors: tuple[Vector, ...]
    places: tuple[tuple[int, str, int, int], ...]

    def flatten(self, outputs: Sequence[Mapping[str, Any]]) -> Float:
        """Outputs, one dict a vector, in one line; NaN where an output is missing or of a wrong shape."""
        flat = np.full(max((end for *_, end in self.places), default=0), np.nan)
        for vector, output, start, end in self.places:
            values = np.asarray(outputs[vector].get(output, np.nan), dtype=np.float64).ravel()
            if values.size == end - start:
                flat[start:end] = values
        return flat


@dataclass(frozen=True, eq=False)
class Observed:
    """The returned numbers of every vector that ran, beside what they should be."""

    objective: Objective
    convention: Convention
    dtype: str
    results: tuple[CaseResult, ...]
    slots: tuple[Slot, ...]
    got: Float
    want: Float
    scale: Float
    k: Float
    condition: Float
    starts: NDArray[np.intp]
    failed: Bools
    slack: float = 1.0

    @property
    def n_failed(self) -> int:
        """How many vectors fail."""
        return int(self.failed.sum())

    @property
    def n_ran(self) -> int:
        """How many vectors returned numbers."""
        return len(self.results)

    @functools.cached_property
    def slot_starts(self) -> NDArray[np.intp]:
        """Where each slot begins."""
        return np.array([slot.where.start for slot in self.slots], dtype=np.intp)

    @functools.cached_property
    def slot_of(self) -> NDArray[np.intp]:
        """By entry, its slot."""
        return np.repeat(np.arange(len(self.slots)), np.diff([*self.slot_starts, self.got.size]))

    @functools.cached_property
    def vector_of(self) -> NDArray[np.intp]:
        """By entry, its vector."""
        return np.repeat(np.arange(self.starts.size), np.diff([*self.starts, self.got.size]))

    @functools.cached_property
    def value_of(self) -> NDArray[np.intp]:
        """By entry, the entry of ``value`` that it is a derivative of (of the same vector); itself where there is
        none."""
        found = np.arange(self.got.size)
        values = {slot.vector: slot.where for slot in self.slots if slot.output == "value"}
        for slot in self.slots:
            of = values.get(slot.vector)
            if of is not None and of.stop - of.start in (1, slot.where.stop - slot.where.start):
                found[slot.where] = np.arange(of.start, of.stop)
        return found

    @functools.cached_property
    def has_value(self) -> Bools:
        """By entry, whether it is a derivative of a value that was returned."""
        return self.value_of != np.arange(self.got.size)

    def sizes(self, vector: int) -> tuple[float, float]:
        """(n_data, n_noise) of a vector."""
        return self.objective.sample_sizes(self.results[vector].vector.inputs)

    def flags(self, vector: int) -> tuple[str, ...]:
        """The flags of a vector."""
        return self.results[vector].vector.flags

    def is_hard(self, vector: int) -> bool:
        """Whether a vector probes tails or kinks, where a second cause may be at work."""
        return any(flag.startswith(word) for flag in self.flags(vector) for word in HARD)

    def subset(self, vectors: Sequence[int], outputs: Sequence[str] | None = None) -> Observed:
        """The same, of some vectors only, and, with ``outputs``, of these outputs, which each of the vectors has to
        have."""
        keep = np.zeros(self.got.size, dtype=bool)
        slots, starts, position = [], [], 0
        for new, old in enumerate(vectors):
            starts.append(position)
            for slot in self.slots:
                if slot.vector == old and (outputs is None or slot.output in outputs):
                    keep[slot.where] = True
                    size = slot.where.stop - slot.where.start
                    slots.append(Slot(new, slot.output, slice(position, position + size)))
                    position += size
        flat: dict[str, Any] = {
            name: getattr(self, name)[keep] for name in ("got", "want", "scale", "k", "condition")
        }
        return replace(
            self,
            results=tuple(self.results[old] for old in vectors),
            slots=tuple(slots),
            starts=np.array(starts, dtype=np.intp),
            failed=self.failed[list(vectors)],
            **flat,
        )

    def is_wrong(self, slot: Slot) -> bool:
        """Whether an output of a vector fails, by the dtype that it seems to be computed in."""
        allowed = 0.5 * self.allowed(self.want)[slot.where]
        with np.errstate(invalid="ignore"):
            return not bool((np.abs(self.got - self.want)[slot.where] <= allowed).all())

    @functools.cached_property
    def layout(self) -> Layout:
        """What stands where."""
        places = tuple(
            (slot.vector, slot.output, slot.where.start, slot.where.stop) for slot in self.slots
        )
        return Layout(tuple(result.vector for result in self.results), places)

    def factors(self, convention: Convention) -> Float:
        """What each entry is multiplied by under a convention."""
        return _factors(self.layout, convention)

    def inputs(self, flipped: bool, dtype: str | None = None) -> list[dict[str, Any]]:
        """Every vector's inputs in the package's convention, or, ``flipped``, with c of the other sign."""
        return [
            turned_inputs(result.vector, dtype or self.dtype, flipped) for result in self.results
        ]

    def allowed(self, candidate: Float, dtype: str | None = None) -> Float:
        """How far apart two right computations of ``candidate`` may be: the allowance, twice."""
        form = FORMATS[dtype or self.dtype]
        eps = np.sqrt(form.eps) if self.objective.kind == "covariance" else form.eps
        size = np.where(np.isfinite(candidate), np.abs(candidate), 0.0)
        return (
            2.0
            * self.slack
            * self.k
            * (eps * np.maximum(self.scale, self.condition * size) + form.tiny)
        )

    def agree(self, candidate: Float) -> Bools:
        """Entry by entry, whether the implementation returned ``candidate``."""
        with np.errstate(invalid="ignore"):
            near = np.abs(self.got - candidate) <= self.allowed(candidate)
        return near | (self.got == candidate) | (np.isnan(self.got) & np.isnan(candidate))

    def every(self, entries: Bools) -> Bools:
        """Vector by vector, whether all its entries are true."""
        return np.logical_and.reduceat(entries, self.starts) if entries.size else entries

    def some(self, entries: Bools) -> Bools:
        """Vector by vector, whether any of its entries is true."""
        return np.logical_or.reduceat(entries, self.starts) if entries.size else entries

    def worst(self, entries: Float) -> Float:
        """Vector by vector, the largest of its entries."""
        return np.maximum.reduceat(entries, self.starts) if entries.size else entries


def turned_inputs(vector: Vector, dtype: str, flipped: bool) -> dict[str, Any]:
    """A vector's inputs in the package's convention, or, ``flipped``, with c of the other sign."""
    turn = Convention(c_sign="subtracted") if flipped else Convention()
    return turn.inputs(vector.objective, vector.arguments(dtype))


def observe(
    objective: Objective, results: Sequence[CaseResult], dtype: str, convention: Convention
) -> Observed:
    """Lay out the results that returned numbers; those that did not (errors, skips) are left out."""
    ran = tuple(result for result in results if result.outputs)
    slots: list[Slot] = []
    columns: dict[str, list[Float]] = {name: [] for name in ("got", "want", "scale", "k")}
    starts, position = [], 0
    for index, result in enumerate(ran):
        starts.append(position)
        for output, returned in result.outputs.items():
            expected = result.vector.expected[output]
            factor = convention.factor(objective, output, result.vector.inputs)
            got = np.asarray(returned, dtype=np.float64).ravel()
            columns["got"].append(got)
            columns["want"].append(factor * expected.value.ravel())
            columns["scale"].append(abs(factor) * expected.scale.ravel())
            columns["k"].append(np.full(got.size, K[tolerance_class(objective, output)]))
            slots.append(Slot(index, output, slice(position, position + got.size)))
            position += got.size
    flat = {
        name: np.concatenate(parts) if parts else np.empty(0) for name, parts in columns.items()
    }
    with np.errstate(all="ignore"):
        condition = np.clip(
            np.nan_to_num(flat["scale"] / np.abs(flat["want"]), nan=1.0), 1.0, _CONDITION
        )
    failed = np.array(
        [result.status not in ("passed", "unexpected pass") for result in ran], dtype=bool
    )
    if dtype == "float64" and _is_single(flat["got"], flat["want"]):
        # All fail a float64 check; what is to be explained is what would fail a float32 one.
        dtype, info = "float32", np.finfo(np.float32)
        right = np.abs(flat["got"] - flat["want"]) <= flat["k"] * (
            float(info.eps) * flat["scale"] + float(info.tiny)
        )
        failed = ~np.logical_and.reduceat(right, starts)
    return Observed(
        objective=objective,
        convention=convention,
        dtype=dtype,
        results=ran,
        slots=tuple(slots),
        condition=condition,
        starts=np.array(starts, dtype=np.intp),
        failed=failed,
        got=flat["got"],
        want=flat["want"],
        scale=flat["scale"],
        k=flat["k"],
    )


@functools.lru_cache(maxsize=1 << 10)
def _factors(layout: Layout, convention: Convention) -> Float:
    flat = np.empty(max((end for *_, end in layout.places), default=0))
    for index, output, start, end in layout.places:
        vector = layout.vectors[index]
        flat[start:end] = convention.factor(vector.objective, output, vector.inputs)
    flat.flags.writeable = False
    return flat


def _is_single(got: Float, want: Float) -> bool:
    """Whether every number returned is a float32, and too many for that to be chance."""
    finite = got[np.isfinite(got)]
    with np.errstate(over="ignore", under="ignore"):
        single = bool((finite == finite.astype(np.float32)).all())
        telling = (
            np.isfinite(got) & (want != want.astype(np.float32)) & (got != 0) & (np.abs(got) != 1)
        )
    return single and int(telling.sum()) >= 3
