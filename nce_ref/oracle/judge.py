"""One vector and what came back for it: read it, compare it, never raise.

Conventions
-----------
returned  a dict of named outputs, or a bare number, array or list, which stands for ``value`` or the only output; None
          and what is missing are unsupported. Anything that NumPy reads as real numbers of the right shape will do;
          booleans for a decision only
want      the vector's value times the convention's factor; the scale takes the same factor
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nce_ref._checks import Float
from nce_ref.oracle.at_one import at_noise_ratio
from nce_ref.oracle.conventions import Convention, own_convention
from nce_ref.oracle.dtypes import ulp
from nce_ref.oracle.families.base import Objective, turned
from nce_ref.oracle.results import UNSUPPORTED, CaseResult, Comparison
from nce_ref.oracle.tolerance import allowance
from nce_ref.oracle.vectors import Vector

_SHOWN = 200  # characters of somebody else's text


class Unreadable(Exception):
    """What was returned is not an answer; the message says what came and what was expected."""


def judge(
    vector: Vector, returned: Any, dtype: str = "float64", convention: Convention | None = None
) -> CaseResult:
    """The verdict on one answer; ``convention`` None: the objective's own."""
    convention = own_convention(vector.objective) if convention is None else convention
    vector = at_noise_ratio(vector, convention.noise_ratio)
    try:
        outputs = read(vector, returned)
    except Unreadable as problem:
        return CaseResult(vector, "errored", str(problem))
    if not outputs:
        return CaseResult(vector, UNSUPPORTED, "nothing was returned")
    if vector.objective.kind == "estimate":
        # An estimate is judged by the objective there, which needs half of the package; a function's values need none
        # of it.
        from nce_ref.oracle.judge_estimates import judge_estimate

        return judge_estimate(vector, outputs, dtype, convention)
    comparisons = tuple(
        compare(vector, name, got, dtype, convention) for name, got in outputs.items()
    )
    wrong = [comparison for comparison in comparisons if not comparison.passed]
    message = "; ".join(describe(comparison) for comparison in wrong)
    return CaseResult(vector, "failed" if wrong else "passed", message, comparisons, outputs)


def compare(
    vector: Vector,
    output: str,
    got: Float,
    dtype: str = "float64",
    convention: Convention | None = None,
) -> Comparison:
    """One output against the vector, entry by entry."""
    convention = own_convention(vector.objective) if convention is None else convention
    expected, objective = vector.expected[output], vector.objective
    factor = convention.factor(objective, output, vector.inputs)
    chosen = convention.chosen(objective)
    want = turned(chosen, output, factor * expected.value, vector.inputs)
    scale = np.abs(turned(chosen, output, abs(factor) * expected.scale, vector.inputs))
    allowed = allowance(objective, output, scale, dtype)
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        error = np.abs(np.asarray(got, dtype=np.float64) - want)
        error = np.where(np.isfinite(error), error, np.inf)
        in_allowances = error / allowed
        worst = np.unravel_index(int(np.argmax(in_allowances)), in_allowances.shape)
        in_ulp = error[worst] / ulp(float(want[worst]), dtype)
    return Comparison(
        output=output,
        passed=bool((in_allowances <= 1.0).all()),
        index=tuple(int(k) for k in worst),
        got=float(np.asarray(got)[worst]),
        want=float(want[worst]),
        allowed=float(allowed[worst]),
        in_allowances=float(in_allowances[worst]),
        in_ulp=float(in_ulp),
        wrong=int((in_allowances > 1.0).sum()),
        size=in_allowances.size,
    )


def describe(comparison: Comparison) -> str:
    """One line: which entry, got, want, and by how much it is off."""
    where = f"[{', '.join(map(str, comparison.index))}]" if comparison.index else ""
    line = f"{comparison.output}{where}: got {comparison.got:.17g}, want {comparison.want:.17g}"
    if np.isfinite(comparison.in_allowances):
        line += f", off by {comparison.in_allowances:.3g} allowances ({comparison.in_ulp:.3g} ulp)"
    return line + (
        f"; {comparison.wrong} of {comparison.size} entries are off" if comparison.size > 1 else ""
    )


def read(vector: Vector, returned: Any) -> dict[str, Float]:
    """The outputs as arrays of the stored shape. Raises Unreadable with what came and what was expected."""
    objective = vector.objective
    names = [output.name for output in objective.outputs]
    if returned is None:
        return {}
    if not isinstance(returned, Mapping):
        alone = "value" if "value" in names else names[0]
        if alone != "value" and len(names) > 1:  # an estimate is two things
            raise Unreadable(f"returned {_kind(returned)}; expected a dict with {_quoted(names)}")
        if isinstance(returned, tuple):
            expected = f"a dict of named outputs, e.g. {_example(objective)}, or the value alone"
            raise Unreadable(f"returned {_kind(returned)}; expected {expected}")
        returned = {alone: returned}
    if unknown := [name for name in returned if name not in names]:
        raise Unreadable(
            f"returned an output {_short(unknown[0])}; expected some of {_quoted(names)}"
        )
    given = {name: returned[name] for name in names if returned.get(name) is not None}
    decisions = [output.name for output in objective.outputs if output.is_decision]
    return {
        name: _as_real(name, value, vector.expected[name].value.shape, name in decisions)
        for name, value in given.items()
    }


def _as_real(name: str, value: Any, shape: tuple[int, ...], is_decision: bool) -> Float:
    # Whose array this is, is not known: its conversion may raise anything.
    try:
        array = np.asarray(value)
    except Exception as error:
        raise Unreadable(
            f"{name}: {_kind(value)} cannot be read as an array ({_short(error)}); see nce_ref.oracle.adapters"
        ) from None
    if is_decision and array.dtype.kind == "b":
        array = array.astype(np.float64)
    if array.dtype.name == "bfloat16":  # a type of ml_dtypes, which NumPy calls void
        array = array.astype(np.float32)
    if array.dtype.kind not in "fiu":
        what = {"O": "an object array", "b": "booleans", "U": "text", "S": "text"}
        said = (
            "complex numbers"
            if np.iscomplexobj(array)
            else what.get(array.dtype.kind, f"dtype {array.dtype}")
        )
        raise Unreadable(
            f"{name}: got {said}, {_short(value)}; expected real numbers of shape {shape}"
        )
    if array.shape != shape:
        hint = "" if array.size != int(np.prod(shape)) else _reshaped(name, shape)
        raise Unreadable(f"{name}: got shape {array.shape}; expected {shape}{hint}")
    return array


def _reshaped(name: str, shape: tuple[int, ...]) -> str:
    """What makes the shape right where the number of entries is."""
    if not shape:
        return f"; return one number, as {name}.item() or {name}.squeeze() does"
    return f"; flatten {name}" if len(shape) == 1 else f"; reshape {name}"


def _kind(value: Any) -> str:
    article = f"a {type(value).__name__}"
    return f"{article} of {len(value)}" if isinstance(value, tuple) else article


def _short(value: Any) -> str:
    text = " ".join((str(value) if isinstance(value, Exception) else repr(value)).split())
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."


def _quoted(names: list[str]) -> str:
    return ", ".join(repr(name) for name in names)


def _example(objective: Objective) -> str:
    return "{" + ", ".join(f'"{output.name}": ...' for output in objective.outputs) + "}"
