"""What can be said where no known mistake explains the failures: ratios, offsets, which vectors, which outputs.

Each hint is a fact that was computed from what came, true on every vector that it speaks of; none is a guess.

Conventions
-----------
ratio, offset   got against want, by output: one number a vector, then one for all, or one times a feature of the vector
agree           as ``Observed.agree``
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from nce_ref._checks import Float
from nce_ref.oracle.diagnosis.consistency import Derived, derivative_hint
from nce_ref.oracle.diagnosis.lost_digits import lost_digits
from nce_ref.oracle.diagnosis.observed import Observed, Slot
from nce_ref.oracle.diagnosis.special_cases import explains_which
from nce_ref.oracle.families.sizes import size_factors, size_offsets
from nce_ref.oracle.numbers.names import name_log, name_number

_TRIED = 3  # vectors, from which on a factor or an offset is looked for


def compute_hints(
    observed: Observed, evaluate: Callable[[Mapping[str, Any]], Any] | None
) -> tuple[str, ...]:
    """Every hint that applies, the most telling first."""
    hints: list[str] = []
    outputs = list(dict.fromkeys(slot.output for slot in observed.slots))
    wrong = {
        name: [slot for slot in observed.slots if slot.output == name and observed.is_wrong(slot)]
        for name in outputs
    }
    right = [name for name in outputs if not wrong[name]]
    bad = [name for name in outputs if wrong[name]]
    derivatives = [name for name in outputs if observed.objective.output(name).derivative_of]
    gradients = [name for name in bad if name in derivatives]
    of_outputs = {name: _of_output(observed, name, wrong[name]) for name in bad}
    derived = None
    if evaluate is not None and derivatives and "value" in outputs:
        derived = derivative_hint(observed, evaluate)
    if "value" in right and gradients:
        hints.append(
            f"value is right on all {observed.n_ran} vectors, {' and '.join(gradients)} wrong: the"
            " slip is in the gradient alone"
        )
    elif bad == ["value"] and right == derivatives != []:
        hints.append(_of_value_alone(of_outputs["value"], derivatives, derived))
        derived = None
    elif "value" in bad and right:
        hints.append(f"{' and '.join(right)} right on all vectors, {' and '.join(bad)} wrong")
    hints += of_outputs.values()
    hints += [
        text
        for fact in (_swapped, _saturated, _log_ratio_offset, explains_which, _not_finite)
        if (text := fact(observed))
    ]
    if gradients and derived is not None:
        hints.append(derived.text)
    if (text := lost_digits(observed)) is not None:
        hints.insert(0, text)
    return tuple(hints)


def _of_value_alone(said: str, derivatives: list[str], derived: Derived | None) -> str:
    """What a wrong value means beside gradients that are all right: a constant is not seen by them."""
    right = f"{' and '.join(derivatives)} right on all vectors, value wrong"
    if said.startswith("constant offset"):
        return (
            f"{right} by a constant that no gradient sees: they are of the same function but for that constant, "
            "and the estimate is not touched"
        )
    if derived is not None and derived.is_consistent:
        return (
            f"{right}; by finite differences they are the derivative of your own value, so it is"
            " off by what does not vary with their arguments: a term of the sizes, of nu or of the"
            " other arguments alone"
        )
    if derived is not None:
        return f"{right}: by finite differences of your own value they are not its derivative: two different functions"
    return f"{right}: off by a term that the gradients do not see, or another function than theirs"


def _of_output(observed: Observed, name: str, wrong: list[Slot]) -> str:
    """What holds of an output that is wrong somewhere."""
    finite = [slot for slot in wrong if np.isfinite(observed.got[slot.where]).all()]
    every = [
        slot
        for slot in observed.slots
        if slot.output == name and np.isfinite(observed.got[slot.where]).all()
    ]
    for hint in (_transposed, _negated, _ratio, _offset):
        if finite and (text := hint(observed, name, every if hint is not _negated else finite)):
            return text
    return _spread(observed, name, every)


def factors(observed: Observed, vector: int) -> dict[str, float]:
    """The numbers of a vector that a factor may depend on, in the order in which they are tried."""
    return size_factors(observed.objective.counted_sizes(observed.results[vector].vector.inputs))


def offsets(observed: Observed, vector: int) -> dict[str, float]:
    """The numbers of a vector that an offset may depend on."""
    inputs = observed.results[vector].vector.inputs
    of_arguments = {
        name: number(inputs)
        for facts in observed.objective.facts
        for name, number in facts.offsets.items()
    }
    return size_offsets(observed.objective.counted_sizes(inputs), of_arguments)


def _known(features: list[dict[str, float]]) -> dict[str, Float]:
    """Those that every vector has, and that vary where they are not "1"."""
    names = features[0] if len(features) >= _TRIED else {}
    columns = {
        name: np.array([each[name] for each in features], dtype=np.float64)
        for name in names
        if all(name in each for each in features)
    }
    return {name: column for name, column in columns.items() if name == "1" or np.ptp(column) > 0.0}


def _equals(observed: Observed, slot: Slot, candidate: Float) -> bool:
    flat = observed.want.copy()
    flat[slot.where] = np.ravel(candidate)
    return bool(observed.agree(flat)[slot.where].all())


def _ratio(observed: Observed, name: str, slots: list[Slot]) -> str | None:
    """One factor for all vectors, or one times a power of a size."""
    telling = [slot for slot in slots if np.abs(observed.want[slot.where]).max() > 0]
    for feature, sizes in _known([factors(observed, slot.vector) for slot in telling]).items():
        ratios, errors = zip(*(_factor(observed, slot, size) for slot, size in zip(telling, sizes)))
        factor = float(ratios[int(np.argmin(errors))])
        if all(
            _equals(observed, slot, factor * size * observed.want[slot.where])
            for slot, size in zip(telling, sizes)
        ):
            number = name_number(factor, 4.0 * min(errors))
            times = (
                number if feature == "1" else feature if number == "1" else f"{number} x {feature}"
            )
            return f"constant ratio: {name} is {times} times what it should be, on all {len(telling)} vectors"
    return None


def _factor(observed: Observed, slot: Slot, size: float) -> tuple[float, float]:
    """got/(size want) at the entry where it is known best, and its error."""
    want, got = size * observed.want[slot.where], observed.got[slot.where]
    with np.errstate(all="ignore"):
        error = np.where(
            want != 0, observed.allowed(observed.got)[slot.where] / np.abs(want), np.inf
        )
        best = int(np.argmin(error))
        return float(got[best] / want[best]), float(error[best])


def _scaled(observed: Observed, slot: Slot) -> dict[str, float]:
    """The offsets as they are, then, under another reduction than the sums over n_data, as that reduction has them."""
    plain = offsets(observed, slot.vector)
    inputs = observed.results[slot.vector].vector.inputs
    factor = abs(observed.convention.factor(observed.objective, slot.output, inputs))
    if factor == 1.0:
        return plain
    return plain | {f"{name}, reduced as the value is": factor * x for name, x in plain.items()}


def _offset(observed: Observed, name: str, slots: list[Slot]) -> str | None:
    """One number added on all vectors, or one times a feature."""
    for feature, sizes in _known([_scaled(observed, slot) for slot in slots]).items():
        differences = []
        for slot, size in zip(slots, sizes):
            if size != 0:
                error = observed.allowed(observed.got)[slot.where] / abs(size)
                best = int(np.argmin(error))
                differences.append(
                    (
                        float(error[best]),
                        float((observed.got - observed.want)[slot.where][best] / size),
                    )
                )
        error, constant = min(differences)
        if all(
            _equals(observed, slot, observed.want[slot.where] + constant * size)
            for slot, size in zip(slots, sizes)
        ):
            number = name_log(constant, 4.0 * error)
            times = (
                number
                if feature == "1"
                else feature
                if number == "1"
                else f"({number}) x {feature}"
            )
            return f"constant offset: {name} is what it should be plus {times}, on all {len(slots)} vectors"
    return None


def _spread(observed: Observed, name: str, slots: list[Slot]) -> str:
    """Where nothing simple holds: how many are off, and between which ratios."""
    wrong = [slot for slot in slots if observed.is_wrong(slot)]
    if not wrong:
        return f"{name}: what came is finite nowhere that it is wrong"
    got, want = (
        np.concatenate([values[slot.where] for slot in wrong])
        for values in (observed.got, observed.want)
    )
    telling = np.abs(want) >= 0.01 * np.concatenate([observed.scale[slot.where] for slot in wrong])
    ratios = got[telling & (want != 0)] / want[telling & (want != 0)]
    digits = 4 if ratios.size == 0 or np.ptp(ratios) > 1e-3 else 17
    between = f"{ratios.min():.{digits}g} and {ratios.max():.{digits}g}" if ratios.size else ""
    said = f", got/want between {between}" if ratios.size else ""
    tried = len(slots) >= _TRIED and ratios.size > 0
    end = ": neither a factor nor an offset explains it" if tried else ""
    return f"{name} is wrong on {len(wrong)} of {len(slots)} vectors where it is finite{said}{end}"


def _negated(observed: Observed, name: str, slots: list[Slot]) -> str | None:
    if all(_equals(observed, slot, -observed.want[slot.where]) for slot in slots):
        return (
            f"{name} has the wrong sign, and nothing else is wrong with it, on all {len(slots)}"
            " vectors where it is off"
        )
    return None


def _transposed(observed: Observed, name: str, slots: list[Slot]) -> str | None:
    shapes = [np.shape(observed.results[slot.vector].outputs[name]) for slot in slots]
    if any(len(shape) != 2 or shape[0] != shape[1] for shape in shapes):
        return None
    turned = [observed.want[slot.where].reshape(shape).T for slot, shape in zip(slots, shapes)]
    if all(_equals(observed, slot, candidate) for slot, candidate in zip(slots, turned)):
        return f"{name} is the transpose of what it should be, on all {len(slots)} vectors"
    return None


def _swapped(observed: Observed) -> str | None:
    """The two samples' gradients in each other's place, where the shapes admit it."""
    pairs = 0
    for result_index in range(observed.n_ran):
        mine = {slot.output: slot for slot in observed.slots if slot.vector == result_index}
        data = next((slot for name, slot in mine.items() if name.endswith("_data")), None)
        noise = next((slot for name, slot in mine.items() if name.endswith("_noise")), None)
        if (
            data is None
            or noise is None
            or observed.got[data.where].size != observed.got[noise.where].size
        ):
            continue
        if not observed.is_wrong(data):
            continue
        if not (
            _equals(observed, data, observed.want[noise.where])
            and _equals(observed, noise, observed.want[data.where])
        ):
            return None
        pairs += 1
    return (
        "the outputs of data and noise are in each other's place wherever the two samples are of one size"
        if pairs >= 2
        else None
    )


def _saturated(observed: Observed) -> str | None:
    """One constant where the truth goes on falling, or a gradient of 0 where it is not 0."""
    of_value = np.zeros(observed.got.size, dtype=bool)
    for slot in observed.slots:
        of_value[slot.where] = observed.objective.output(slot.output).derivative_of is None
    dead = (
        ~of_value
        & (observed.got == 0)
        & (np.abs(observed.want) > np.maximum(1e-3 * observed.scale, 1e-6))
    )
    if observed.objective.falls_for_ever:
        finite = observed.got[of_value & np.isfinite(observed.got)]
        if finite.size and (finite == finite.min()).sum() >= 2 and finite.min() < -1:
            floor = float(finite.min())
            cause = "an epsilon inside the logarithm, or a clipped probability"
            return f"the value never falls below {floor:.6g} = ln({np.exp(floor):.3g}): {cause}"
    if dead.sum() >= 2:
        return (
            f"{int(dead.sum())} entries of the gradient are exactly 0 where they should not be:"
            " something is clipped, or has underflowed"
        )
    return None


def _log_ratio_offset(observed: Observed) -> str | None:
    """Read ln K - G off the gradients, sigma^-1(n_data |grad|), and compare with ln nu - G: an offset for each
    sample."""
    found = {}
    for side, sign in (("data", 1.0), ("noise", -1.0)):
        offsets: list[tuple[float, float]] = []
        for slot in observed.slots:
            if slot.output.startswith("grad_log_") and slot.output.endswith(f"_{side}"):
                n_data, _ = observed.sizes(slot.vector)
                factor = observed.factors(observed.convention)[slot.where] / n_data
                with np.errstate(all="ignore"):
                    used, right = (
                        _logit(np.abs(values[slot.where] / factor))
                        for values in (observed.got, observed.want)
                    )
                    error = observed.allowed(observed.got)[slot.where] / np.abs(
                        observed.got[slot.where]
                    ) + 1e-15 * np.abs(right)
                    safe = (
                        np.isfinite(used)
                        & np.isfinite(right)
                        & (np.abs(right) < 12)
                        & (np.abs(used) < 12)
                    )
                # The logit amplifies an error of sigma by 1/(1 - sigma).
                offsets += [
                    (sign * (u - r), e * (1 + np.exp(u)))
                    for u, r, e in zip(used[safe], right[safe], error[safe])
                ]
        if len(offsets) < 4:
            return None
        shift, slack = min(offsets, key=lambda pair: pair[1])
        if any(abs(other - shift) > 4.0 * (e + slack) for other, e in offsets):
            return None
        found[side] = name_log(float(-shift), 4.0 * slack)
    if set(found.values()) == {"0"}:
        return None
    said = f"G is off by {found['data']} on the data, {found['noise']} on the noise"
    return f"constant offset in the log-ratio, read off the gradients: {said}"


def _logit(p: Float) -> Float:
    return np.log(p) - np.log1p(-p)


def _not_finite(observed: Observed) -> str | None:
    bad = observed.some(~np.isfinite(observed.got))
    if not bad.any():
        return None
    tails = sum(
        bool({"tails", "overflow"} & set(observed.flags(int(k)))) for k in np.flatnonzero(bad)
    )
    where = (
        ", all of them with points far in a tail: something overflows there"
        if tails == bad.sum()
        else ""
    )
    return f"NaN or inf came for {int(bad.sum())} of {observed.n_ran} vectors{where}"
