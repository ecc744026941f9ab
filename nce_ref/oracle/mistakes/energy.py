"""Slips in the energies at the two ends of a trajectory; the trajectory is right."""

from __future__ import annotations

import numpy as np

from nce_ref.oracle.mistakes.gradients import Finish
from nce_ref.oracle.mistakes.making import LEAPFROG, made_by
from nce_ref.oracle.textbook import Array, Steps


class _Kinetic(Steps):
    """|p|^2/2 multiplied by a factor; right: 1."""

    def __init__(self, factor: float) -> None:
        self.factor = factor

    def kinetic(self, p: Array) -> Array:
        return self.factor * super().kinetic(p)


class _PotentialSign(Steps):
    def energy(self, log_density: Array, p: Array) -> Array:
        return self.kinetic(p) + log_density


class _Doubled(Steps):
    def energy(self, log_density: Array, p: Array) -> Array:
        return self.kinetic(p) - 2.0 * log_density


class _KineticAlone(Steps):
    def energy(self, log_density: Array, p: Array) -> Array:
        return self.kinetic(p)


_H = "H = -ln p_m(u) + |p|^2/2, energy_change = H(after) - H(before)"
_BALANCE = "Detailed balance is lost: the chains sample another law. "

ENERGY = (
    made_by(
        Finish("energy_change", lambda change, inputs: -change),
        "energy-change-sign",
        LEAPFROG,
        "H - H' is returned as the change of energy",
        effect="Whoever takes exp of minus the change accepts what climbs and refuses what falls.",
        fix=f"{_H}; the other: H(before) - H(after)",
    ),
    made_by(
        Finish("energy_change", lambda change, inputs: np.full_like(change, change.sum())),
        "energy-summed",
        LEAPFROG,
        "the energies are summed over the chains: axis forgotten",
        effect="All chains are accepted or refused together, and with many of them hardly ever accepted. Nothing to see with one chain.",
        fix=f"{_H}, a sum over dimensions for every chain; the slip: a sum without axis=1",
    ),
    made_by(
        _Kinetic(0.0),
        "energy-no-kinetic",
        LEAPFROG,
        "the kinetic energy is left out, or taken at the start both times",
        effect=_BALANCE
        + "Moves uphill in ln p_m are refused in part, though the momentum paid for them.",
        fix=f"{_H}; the slip: without |p|^2/2",
    ),
    made_by(
        _Kinetic(2.0),
        "energy-kinetic-no-half",
        LEAPFROG,
        "1/2 is missing in the kinetic energy",
        effect=_BALANCE + "The momenta would have to have variance 1/2.",
        fix=f"{_H}; the slip: |p|^2",
    ),
    made_by(
        _KineticAlone(),
        "energy-no-potential",
        LEAPFROG,
        "the kinetic energy alone",
        effect=_BALANCE + "Moves that lose speed are always accepted.",
        fix=f"{_H}; the slip: without -ln p_m",
    ),
    made_by(
        _Doubled(),
        "energy-potential-doubled",
        LEAPFROG,
        "the potential energy counts twice: u' precision u without 1/2, or both ln p_m and its integral over the way",
        effect=_BALANCE + "Energies are not kept by a right trajectory: acceptance falls.",
        fix=f"{_H}; the slip: -2 ln p_m(u) + |p|^2/2",
    ),
    made_by(
        _PotentialSign(),
        "energy-potential-sign",
        LEAPFROG,
        "ln p_m is added to the kinetic energy instead of subtracted",
        effect=_BALANCE + "What a right trajectory keeps is refused, what it loses is accepted.",
        fix=f"{_H}; the slip: ln p_m(u) + |p|^2/2",
    ),
)
