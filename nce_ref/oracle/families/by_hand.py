"""Slips of the hand in a gradient, the value being right: what several families write them with.

A finite-difference check sees every one of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nce_ref.oracle.families.base import Array, Inputs, Objective, Outputs, Steps

CLIMBS = "The optimiser does not climb J: it stalls or ends elsewhere. A finite-difference check sees it."
SCALES = "None where only the gradient's zero counts; a line search, which compares value and slope, fails or crawls."


class Factor(Steps):
    """The derivatives multiplied by a function of (n_data, n_noise)."""

    def __init__(self, factor: Callable[[float, float], float]) -> None:
        self.factor = factor

    def is_possible(self, objective: Objective) -> bool:
        """Where sums are divided by a sample's size."""
        return objective.is_mean

    def finish(self, objective: Objective, inputs: Inputs, outputs: Outputs) -> Outputs:
        """The derivatives changed."""
        factor = self.factor(*objective.sample_sizes(inputs))
        derivatives = {output.name for output in objective.outputs if output.derivative_of}
        return {
            name: factor * value if name in derivatives else value
            for name, value in outputs.items()
        }


class Negated(Steps):
    """The derivatives with the wrong sign."""

    def finish(self, objective: Objective, inputs: Inputs, outputs: Outputs) -> Outputs:
        """The derivatives changed."""
        return {
            name: -value if objective.output(name).derivative_of else value
            for name, value in outputs.items()
        }


class Finish(Steps):
    """One output replaced: ``change(output, inputs)``."""

    def __init__(self, output: str, change: Callable[[Array, Inputs], Any]) -> None:
        self.output, self.change = output, change

    def is_possible(self, objective: Objective) -> bool:
        """Where there is such an output."""
        return self.output in {output.name for output in objective.outputs}

    def finish(self, objective: Objective, inputs: Inputs, outputs: Outputs) -> Outputs:
        """That output changed."""
        return {**outputs, self.output: self.change(outputs[self.output], inputs)}
