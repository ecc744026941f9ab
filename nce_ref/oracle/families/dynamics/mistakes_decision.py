"""Slips in the Metropolis decision: the probability, and who is accepted by it."""

from __future__ import annotations

import numpy as np

from nce_ref.oracle.families.base import (
    Array,
    Mistake,
    Steps,
)
from nce_ref.oracle.families.dynamics.textbook import MetropolisSteps
from nce_ref.oracle.families.kernels.textbook import SigmoidSteps


class _LogAcceptance(MetropolisSteps):
    """H - H' replaced."""

    def replaced(self, log_ratio: Array) -> Array:
        """What stands for it."""
        raise NotImplementedError

    def log_acceptance(self, before: Array, after: Array) -> Array:
        return self.replaced(super().log_acceptance(before, after))


class _Opposite(_LogAcceptance):
    def replaced(self, log_ratio: Array) -> Array:
        return -log_ratio


_P = "probability = min(1, exp(H - H'))"

METROPOLIS_SIGN = Mistake(
    "metropolis-sign",
    "exp(H' - H) for exp(H - H'): energies taken for log-densities",
    _Opposite(),
    effect="Moves to higher energy are accepted, moves to lower energy refused: chains leave the mass.",
    fix=f"{_P}; the slip: exp(H' - H)",
)


class _NoMinimum(MetropolisSteps):
    def acceptance(self, before: Array, after: Array) -> Array:
        return np.exp(self.log_acceptance(before, after))


METROPOLIS_NO_MINIMUM = Mistake(
    "metropolis-no-minimum",
    "exp(H - H') without min(1, .)",
    _NoMinimum(),
    effect=(
        "None on decisions; as an acceptance rate, which step sizes are adapted by, it is dominated"
        " by single chains and overflows."
    ),
    fix=f"{_P}; the slip: exp(H - H')",
)


class _Maximum(MetropolisSteps):
    def acceptance(self, before: Array, after: Array) -> Array:
        return np.exp(np.maximum(self.log_acceptance(before, after), 0.0))


_BALANCE = "Detailed balance is lost: the chains sample another law. "

METROPOLIS_MAXIMUM = Mistake(
    "metropolis-maximum",
    "max for min",
    _Maximum(),
    effect=_BALANCE + "Everything is accepted.",
    fix=f"{_P}; the slip: max(1, exp(H - H'))",
)


class _NoExp(MetropolisSteps):
    def acceptance(self, before: Array, after: Array) -> Array:
        return np.minimum(self.log_acceptance(before, after), 1.0)


METROPOLIS_NO_EXP = Mistake(
    "metropolis-no-exp",
    "min(1, H - H'): exp is forgotten",
    _NoExp(),
    effect=_BALANCE + "Nothing that climbs is ever accepted.",
    fix=f"{_P}; the slip: min(1, H - H')",
)


class _Absolute(_LogAcceptance):
    def replaced(self, log_ratio: Array) -> Array:
        return -np.abs(log_ratio)


METROPOLIS_ABSOLUTE = Mistake(
    "metropolis-absolute",
    "exp(-|H - H'|): moves to lower energy are refused as those to higher energy are",
    _Absolute(),
    effect=_BALANCE + "Whatever changes is refused in part.",
    fix=f"{_P}; the slip: exp(-|H - H'|)",
)


class _Halved(_LogAcceptance):
    def replaced(self, log_ratio: Array) -> Array:
        return 0.5 * log_ratio


METROPOLIS_HALVED = Mistake(
    "metropolis-halved",
    "exp((H - H')/2): a 1/2 that the energies have already",
    _Halved(),
    effect=_BALANCE + "The law sampled is wider: moves uphill in energy are accepted too often.",
    fix=f"{_P}; the slip: exp((H - H')/2)",
)


class _Barker(MetropolisSteps, SigmoidSteps):
    def acceptance(self, before: Array, after: Array) -> Array:
        return self.sigmoid(self.log_acceptance(before, after))[0]


METROPOLIS_BARKER = Mistake(
    "metropolis-barker",
    "Barker's rule, 1/(1 + exp(H' - H))",
    _Barker(),
    effect="The law sampled stays right; at most half as much is accepted. Another rule: say which.",
    fix=f"{_P}; the other rule: sigma(H - H')",
    seen="Barker, 1965: a method of its own",
)


class _SummedOverChains(_LogAcceptance):
    def replaced(self, log_ratio: Array) -> Array:
        return np.full_like(log_ratio, log_ratio.sum())


_U = "accepted where uniform < min(1, exp(H - H')), chain by chain"

METROPOLIS_SUMMED = Mistake(
    "metropolis-summed",
    "the energies are summed over the chains: one probability for all",
    _SummedOverChains(),
    effect="All chains move or none; with many of them hardly ever. Nothing to see with one chain.",
    fix=f"{_U}; the slip: exp(sum(H - H'))",
)


class _Rule(Steps):
    """The probability is right, the decision is not."""


class _Greater(_Rule, MetropolisSteps):
    def is_accepted(self, uniforms: Array, probability: Array, log_ratio: Array) -> Array:
        return uniforms > probability


METROPOLIS_GREATER = Mistake(
    "metropolis-greater",
    "accepted where the uniform is above the probability",
    _Greater(),
    effect=_BALANCE + "What should be accepted is refused: chains climb in energy.",
    fix=f"{_U}; the slip: uniform > probability, or the rejected returned as the accepted",
)


class _NotLogged(_Rule, MetropolisSteps):
    def is_accepted(self, uniforms: Array, probability: Array, log_ratio: Array) -> Array:
        return uniforms < log_ratio


METROPOLIS_UNIFORM_NOT_LOGGED = Mistake(
    "metropolis-uniform-not-logged",
    "the uniform itself is compared with H - H', not its logarithm",
    _NotLogged(),
    effect=_BALANCE + "Nothing that climbs is ever accepted.",
    fix="ln uniform < H - H'; the slip: uniform < H - H'",
)


class _DecimalLogarithm(_Rule, MetropolisSteps):
    def is_accepted(self, uniforms: Array, probability: Array, log_ratio: Array) -> Array:
        return np.log10(uniforms) < log_ratio


METROPOLIS_LOG10 = Mistake(
    "metropolis-log10",
    "the decimal logarithm of the uniform is compared with H - H'",
    _DecimalLogarithm(),
    effect=_BALANCE + "It is exp(2.3 (H - H')) that is compared: a colder law.",
    fix="ln uniform < H - H'; the slip: log10(uniform)",
)


class _Greedy(_Rule, MetropolisSteps):
    def is_accepted(self, uniforms: Array, probability: Array, log_ratio: Array) -> Array:
        return log_ratio > 0.0


METROPOLIS_GREEDY = Mistake(
    "metropolis-greedy",
    "accepted where the energy falls, whatever the uniform is",
    _Greedy(),
    effect=_BALANCE + "The chains climb to a maximum of the density and stay there.",
    fix=f"{_U}; the slip: H' < H",
)


class _AboveHalf(_Rule, MetropolisSteps):
    def is_accepted(self, uniforms: Array, probability: Array, log_ratio: Array) -> Array:
        return probability > 0.5


METROPOLIS_ABOVE_HALF = Mistake(
    "metropolis-above-half",
    "accepted where the probability is above 1/2, whatever the uniform is",
    _AboveHalf(),
    effect=_BALANCE + "Nothing that costs more than ln 2 is ever accepted.",
    fix=f"{_U}; the slip: probability > 0.5",
)


class _OneUniform(_Rule, MetropolisSteps):
    def is_accepted(self, uniforms: Array, probability: Array, log_ratio: Array) -> Array:
        return uniforms[0] < probability


METROPOLIS_ONE_UNIFORM = Mistake(
    "metropolis-one-uniform",
    "the first chain's uniform decides for all",
    _OneUniform(),
    effect="Each chain on its own samples the right law, together they move in step. Nothing to see with one chain.",
    fix=f"{_U}, with a uniform of its own; the slip: uniforms[0]",
)


class _AllOrNone(_Rule, MetropolisSteps):
    def is_accepted(self, uniforms: Array, probability: Array, log_ratio: Array) -> Array:
        return np.full_like(probability, uniforms[0] < probability.mean())


METROPOLIS_ALL_OR_NONE = Mistake(
    "metropolis-all-or-none",
    "one decision for all chains, by the mean of their probabilities",
    _AllOrNone(),
    effect=_BALANCE + "Chains are carried along by the others. Nothing to see with one chain.",
    fix=f"{_U}; the slip: uniforms[0] < mean(probability)",
)


class _OfDensities(MetropolisSteps):
    def acceptance(self, before: Array, after: Array) -> Array:
        return np.minimum(np.exp(-after) / np.exp(-before), 1.0)


METROPOLIS_DENSITIES = Mistake(
    "metropolis-densities",
    "exp(-H')/exp(-H): the densities themselves are divided",
    _OfDensities(),
    effect=(
        "0/0 or inf/inf = NaN, which refuses: where energies are beyond 745 in float64 or 103 in"
        " float32 no chain moves any more."
    ),
    fix="exp(min(0, H - H')); the slip: exp(-H')/exp(-H)",
    arithmetic=True,
)


MISTAKES = (
    METROPOLIS_SIGN,
    METROPOLIS_NO_MINIMUM,
    METROPOLIS_MAXIMUM,
    METROPOLIS_NO_EXP,
    METROPOLIS_ABSOLUTE,
    METROPOLIS_HALVED,
    METROPOLIS_BARKER,
    METROPOLIS_SUMMED,
    METROPOLIS_GREATER,
    METROPOLIS_UNIFORM_NOT_LOGGED,
    METROPOLIS_LOG10,
    METROPOLIS_GREEDY,
    METROPOLIS_ABOVE_HALF,
    METROPOLIS_ONE_UNIFORM,
    METROPOLIS_ALL_OR_NONE,
    METROPOLIS_DENSITIES,
)
