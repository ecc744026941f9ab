"""Slips in the energies at the two ends of a trajectory; the trajectory is right."""

from __future__ import annotations

import numpy as np

from nce_ref.oracle.families.base import (
    Array,
    Mistake,
)
from nce_ref.oracle.families.by_hand import Finish
from nce_ref.oracle.families.dynamics.textbook import LeapfrogSteps

_H = "H = -ln p_m(u) + |p|^2/2, energy_change = H(after) - H(before)"

ENERGY_CHANGE_SIGN = Mistake(
    "energy-change-sign",
    "H - H' is returned as the change of energy",
    Finish("energy_change", lambda change, inputs: -change),
    effect="Whoever takes exp of minus the change accepts what climbs and refuses what falls.",
    fix=f"{_H}; the other: H(before) - H(after)",
)

ENERGY_SUMMED = Mistake(
    "energy-summed",
    "the energies are summed over the chains: axis forgotten",
    Finish("energy_change", lambda change, inputs: np.full_like(change, change.sum())),
    effect=(
        "All chains are accepted or refused together, and with many of them hardly ever accepted."
        " Nothing to see with one chain."
    ),
    fix=f"{_H}, a sum over dimensions for every chain; the slip: a sum without axis=1",
)


class _Kinetic(LeapfrogSteps):
    """|p|^2/2 multiplied by a factor; right: 1."""

    def __init__(self, factor: float) -> None:
        self.factor = factor

    def kinetic(self, p: Array) -> Array:
        return self.factor * super().kinetic(p)


_BALANCE = "Detailed balance is lost: the chains sample another law. "

ENERGY_NO_KINETIC = Mistake(
    "energy-no-kinetic",
    "the kinetic energy is left out, or taken at the start both times",
    _Kinetic(0.0),
    effect=_BALANCE
    + "Moves uphill in ln p_m are refused in part, though the momentum paid for them.",
    fix=f"{_H}; the slip: without |p|^2/2",
)

ENERGY_KINETIC_NO_HALF = Mistake(
    "energy-kinetic-no-half",
    "1/2 is missing in the kinetic energy",
    _Kinetic(2.0),
    effect=_BALANCE + "The momenta would have to have variance 1/2.",
    fix=f"{_H}; the slip: |p|^2",
)


class _KineticAlone(LeapfrogSteps):
    def energy(self, log_density: Array, p: Array) -> Array:
        return self.kinetic(p)


ENERGY_NO_POTENTIAL = Mistake(
    "energy-no-potential",
    "the kinetic energy alone",
    _KineticAlone(),
    effect=_BALANCE + "Moves that lose speed are always accepted.",
    fix=f"{_H}; the slip: without -ln p_m",
)


class _Doubled(LeapfrogSteps):
    def energy(self, log_density: Array, p: Array) -> Array:
        return self.kinetic(p) - 2.0 * log_density


ENERGY_POTENTIAL_DOUBLED = Mistake(
    "energy-potential-doubled",
    "the potential energy counts twice: u' precision u without 1/2, or both ln p_m and its integral over the way",
    _Doubled(),
    effect=_BALANCE + "Energies are not kept by a right trajectory: acceptance falls.",
    fix=f"{_H}; the slip: -2 ln p_m(u) + |p|^2/2",
)


class _PotentialSign(LeapfrogSteps):
    def energy(self, log_density: Array, p: Array) -> Array:
        return self.kinetic(p) + log_density


ENERGY_POTENTIAL_SIGN = Mistake(
    "energy-potential-sign",
    "ln p_m is added to the kinetic energy instead of subtracted",
    _PotentialSign(),
    effect=_BALANCE + "What a right trajectory keeps is refused, what it loses is accepted.",
    fix=f"{_H}; the slip: ln p_m(u) + |p|^2/2",
)


MISTAKES = (
    ENERGY_CHANGE_SIGN,
    ENERGY_SUMMED,
    ENERGY_NO_KINETIC,
    ENERGY_KINETIC_NO_HALF,
    ENERGY_NO_POTENTIAL,
    ENERGY_POTENTIAL_DOUBLED,
    ENERGY_POTENTIAL_SIGN,
)
