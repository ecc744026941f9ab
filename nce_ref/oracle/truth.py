r"""The right outputs for anybody's own inputs, as the vectors have them for theirs.

    found = oracle.truth("binary_nce", log_model_data=..., log_model_noise=..., log_noise_data=..., log_noise_noise=...,
    nu=2.0) found["value"], found.decimals["value"], found.allowance("float32")["value"]

Conventions
-----------
inputs     the objective's arguments by name; arrays of any real dtype and numbers, taken exactly as the float64 that
           they are
outputs    under the objective's own sense and reduction, c added, as the vectors have them
float64    the decimals, correctly rounded. Where a family computes fewer digits at once (``many``), 25 of them, and 40
           where a float64 would hang on the 26th: whether it does is asked of each number. A covariance has the digits
           of its quadrature
limits     ``MANY`` numbers in an argument where a family has ``many``, ``FEW`` numbers in all arguments elsewhere: some
           5 s
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Context, Decimal
from typing import Any

import numpy as np

from nce_ref._checks import Float
from nce_ref.oracle.dtypes import TYPES
from nce_ref.oracle.numbers.spelling import each, spell
from nce_ref.oracle.objectives import Objective, find_objective
from nce_ref.oracle.scales import scales
from nce_ref.oracle.tolerance import allowance
from nce_ref.oracle.words import did_you_mean

MANY = 100_000
FEW = 4_000
DIGITS_OF_MANY = 25
_SLACK = Decimal("1e-27")  # relative; above the error of 25 digits, which is 10^-29


class Truth(Mapping[str, Float]):
    """The right outputs by name, float64 arrays of the outputs' shapes.

    ``objective``  what was computed
    ``inputs``     what it was computed of: read-only float64 arrays and floats
    """

    def __init__(
        self, objective: Objective, inputs: Mapping[str, Any], outputs: Mapping[str, Any]
    ) -> None:
        self.objective, self.inputs = objective, inputs
        self._decimals: dict[str, Any] | None = None
        self._scales: dict[str, Float] | None = None
        self._values = {
            name: np.array(each(_nearest, value), dtype=np.float64)
            for name, value in outputs.items()
        }
        for value in self._values.values():
            value.flags.writeable = False

    def __getitem__(self, name: str) -> Float:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        shapes = ", ".join(f"{name} {value.shape}" for name, value in self.items())
        return f"Truth({self.objective.name}: {shapes})"

    @property
    def decimals(self) -> dict[str, Any]:
        """Strings of 40 significant digits (a covariance: as many as its quadrature has), nested as the arrays; made
        when asked for."""
        if self._decimals is None:
            exact = _forty_digits(self.objective, self.inputs)
            self._decimals = {name: each(spell, value) for name, value in exact.items()}
        return self._decimals

    @property
    def scales(self) -> dict[str, Float]:
        """What the allowance multiplies, as the vectors have it."""
        if self._scales is None:
            found = scales(self.objective.name, self.inputs, self._values)
            self._scales = {name: np.asarray(found[name], dtype=np.float64) for name in self}
        return self._scales

    def allowance(self, dtype: str = "float64") -> dict[str, Float]:
        """The largest |got - want| that passes, entry by entry. ValueError for a dtype that is none."""
        if dtype not in TYPES:
            raise ValueError(f"dtype: got {dtype!r}; expected one of {', '.join(TYPES)}")
        return {
            name: allowance(self.objective, name, scale, dtype)
            for name, scale in self.scales.items()
        }


def truth(objective: str, /, *, layout: str = "flat", **inputs: Any) -> Truth:
    """Return the right outputs of ``objective`` at ``inputs``, its arguments by name
    (``oracle.OBJECTIVES[name].arguments``).

    ``layout``: how the noise is laid out. Raises ValueError for an objective that is unknown or an estimate, an
    argument that is missing, unknown, not finite, of another shape or what the objective refuses, and for more numbers
    than can be computed in some seconds; it says how to take a part.
    """
    return truth_at(find_computed(objective, layout), inputs)


def truth_at(target: Objective, inputs: Mapping[str, Any]) -> Truth:
    """The same, of an objective itself."""
    taken = read_own_inputs(target, inputs)
    _refuse_too_many(target, taken)
    if target.many is None:
        return Truth(target, taken, _forty_digits(target, taken))
    outputs = target.many(**taken, digits=DIGITS_OF_MANY)
    if not all(_is_sure(number) for value in outputs.values() for number in _leaves(value)):
        outputs = target.many(**taken, digits=target.digits)
    return Truth(target, taken, outputs)


def find_computed(name: str, layout: str = "flat") -> Objective:
    """The objective of that name, if its outputs follow from its inputs alone. ValueError: there is none, or it is an
    estimate."""
    target = find_objective(name, layout)
    if target.exact is None:
        raise ValueError(
            f"objective: got {name!r}, an {target.kind}, which has no formula; expected one of kind"
            " function or covariance"
        )
    return target


def read_own_inputs(target: Objective, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments in the objective's order, as read-only float64 arrays and floats. Raises ValueError."""
    expected = ", ".join(f"{name} {_shape(shape)}" for name, shape in target.arguments.items())
    for name in inputs:
        if name not in target.arguments:
            meant = did_you_mean(name, target.arguments)
            raise ValueError(
                f"{name}: got an argument that {target.name} does not have; expected {expected}{meant}"
            )
    sizes: dict[str, int] = {}
    taken: dict[str, Any] = {}
    for name, shape in target.arguments.items():
        if name not in inputs:
            raise ValueError(f"{name}: got nothing; expected {expected}")
        taken[name] = _read(name, inputs[name], shape, sizes)
    for name in taken:
        _refuse_infinite(target, name, taken)
    for facts in target.facts:
        for complaint in facts.refuses(taken):
            raise ValueError(f"{target.name}: got {complaint}")
    return taken


def _read(name: str, given: Any, shape: tuple[str, ...], sizes: dict[str, int]) -> Any:
    try:
        raw = np.asarray(given)
    except Exception as error:  # whose array this is, is not known
        raise ValueError(
            f"{name}: got a {type(given).__name__} that cannot be read as an array ({error}); expected real numbers"
        ) from None
    if raw.dtype.kind not in "fiu":
        raise ValueError(f"{name}: got dtype {raw.dtype}; expected real numbers")
    array = np.array(raw, dtype=np.float64)
    known = {axis: size for axis, size in sizes.items() if axis in shape}
    if array.ndim != len(shape) or any(
        sizes.setdefault(axis, size) != size for axis, size in zip(shape, array.shape)
    ):
        said = "".join(f", {axis} = {size}" for axis, size in known.items())
        raise ValueError(f"{name}: got shape {array.shape}; expected {_shape(shape)}{said}")
    if not array.size:
        raise ValueError(f"{name}: got shape {array.shape}; expected at least one number")
    array.flags.writeable = False
    return array if array.ndim else float(array)


def _refuse_infinite(target: Objective, name: str, taken: Mapping[str, Any]) -> None:
    infinite, masked = ~np.isfinite(taken[name]), target.masks.get(name)
    if masked is not None:
        infinite = infinite & (taken[masked] != 0)
    if infinite.any():
        array, where = np.asarray(taken[name]), tuple(int(k) for k in np.argwhere(infinite)[0])
        but = f" where {masked} is 1" if masked is not None else ""
        raise ValueError(f"{name}: got {array[where]} at {where}; expected finite numbers{but}")


def _refuse_too_many(target: Objective, inputs: Mapping[str, Any]) -> None:
    sizes = [np.size(value) for value in inputs.values()]
    got, limit = (logits(target, inputs), MANY) if target.many is not None else (sum(sizes), FEW)
    if got > limit:
        axes = ", ".join(axis for axis in target.sizes(inputs) if axis.startswith("n_"))
        raise ValueError(
            f"{target.name}: got {got} numbers; expected at most {limit} at once. Take a part: the"
            " first rows of every sample, as many of each in proportion, by the same cut of all"
            f" arguments that share an axis ({axes})"
        )


def logits(target: Objective, inputs: Mapping[str, Any]) -> int:
    """How many logits there are: arguments of one shape belong to the same points, and are counted once."""
    shapes = {shape: np.size(inputs[name]) for name, shape in target.arguments.items() if shape}
    return sum(shapes.values())


def _forty_digits(target: Objective, inputs: Mapping[str, Any]) -> dict[str, Any]:
    assert target.exact is not None
    return target.exact(**inputs, digits=target.digits)


def _nearest(number: Decimal) -> float:
    return float(number) or 0.0  # never -0


def _is_sure(number: Decimal) -> bool:
    """Whether the float64 next to the number is the same for all that its digits may stand for."""
    context = Context(prec=DIGITS_OF_MANY + 10)
    off = context.multiply(number, _SLACK)
    return float(context.subtract(number, off)) == float(context.add(number, off))


def _leaves(nested: Any) -> Iterator[Any]:
    if isinstance(nested, list):
        for entry in nested:
            yield from _leaves(entry)
    else:
        yield nested


def _shape(shape: tuple[str, ...]) -> str:
    return f"({', '.join(shape)}{',' if len(shape) == 1 else ''})"
