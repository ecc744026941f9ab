"""Slips in the Metropolis decision: the probability, and who is accepted by it."""

from __future__ import annotations

import numpy as np

from nce_ref.oracle.mistakes.making import DECISION, made_by
from nce_ref.oracle.textbook import Array, Steps


class _LogAcceptance(Steps):
    """H - H' replaced."""

    def replaced(self, log_ratio: Array) -> Array:
        """What stands for it."""
        raise NotImplementedError

    def log_acceptance(self, before: Array, after: Array) -> Array:
        return self.replaced(super().log_acceptance(before, after))


class _Opposite(_LogAcceptance):
    def replaced(self, log_ratio: Array) -> Array:
        return -log_ratio


class _Absolute(_LogAcceptance):
    def replaced(self, log_ratio: Array) -> Array:
        return -np.abs(log_ratio)


class _Halved(_LogAcceptance):
    def replaced(self, log_ratio: Array) -> Array:
        return 0.5 * log_ratio


class _SummedOverChains(_LogAcceptance):
    def replaced(self, log_ratio: Array) -> Array:
        return np.full_like(log_ratio, log_ratio.sum())


class _NoMinimum(Steps):
    def acceptance(self, before: Array, after: Array) -> Array:
        return np.exp(self.log_acceptance(before, after))


class _Maximum(Steps):
    def acceptance(self, before: Array, after: Array) -> Array:
        return np.exp(np.maximum(self.log_acceptance(before, after), 0.0))


class _NoExp(Steps):
    def acceptance(self, before: Array, after: Array) -> Array:
        return np.minimum(self.log_acceptance(before, after), 1.0)


class _OfDensities(Steps):
    def acceptance(self, before: Array, after: Array) -> Array:
        return np.minimum(np.exp(-after) / np.exp(-before), 1.0)


class _Barker(Steps):
    def acceptance(self, before: Array, after: Array) -> Array:
        return self.sigmoid(self.log_acceptance(before, after))[0]


class _Rule(Steps):
    """The probability is right, the decision is not."""


class _Greater(_Rule):
    def is_accepted(self, uniforms: Array, probability: Array, log_ratio: Array) -> Array:
        return uniforms > probability


class _NotLogged(_Rule):
    def is_accepted(self, uniforms: Array, probability: Array, log_ratio: Array) -> Array:
        return uniforms < log_ratio


class _DecimalLogarithm(_Rule):
    def is_accepted(self, uniforms: Array, probability: Array, log_ratio: Array) -> Array:
        return np.log10(uniforms) < log_ratio


class _Greedy(_Rule):
    def is_accepted(self, uniforms: Array, probability: Array, log_ratio: Array) -> Array:
        return log_ratio > 0.0


class _AboveHalf(_Rule):
    def is_accepted(self, uniforms: Array, probability: Array, log_ratio: Array) -> Array:
        return probability > 0.5


class _OneUniform(_Rule):
    def is_accepted(self, uniforms: Array, probability: Array, log_ratio: Array) -> Array:
        return uniforms[0] < probability


class _AllOrNone(_Rule):
    def is_accepted(self, uniforms: Array, probability: Array, log_ratio: Array) -> Array:
        return np.full_like(probability, uniforms[0] < probability.mean())


_P = "probability = min(1, exp(H - H'))"
_U = "accepted where uniform < min(1, exp(H - H')), chain by chain"
_BALANCE = "Detailed balance is lost: the chains sample another law. "

METROPOLIS = (
    made_by(
        _Opposite(),
        "metropolis-sign",
        DECISION,
        "exp(H' - H) for exp(H - H'): energies taken for log-densities",
        effect="Moves to higher energy are accepted, moves to lower energy refused: chains leave the mass.",
        fix=f"{_P}; the slip: exp(H' - H)",
    ),
    made_by(
        _NoMinimum(),
        "metropolis-no-minimum",
        DECISION,
        "exp(H - H') without min(1, .)",
        effect="None on decisions; as an acceptance rate, which step sizes are adapted by, it is dominated by single chains and overflows.",
        fix=f"{_P}; the slip: exp(H - H')",
    ),
    made_by(
        _Maximum(),
        "metropolis-maximum",
        DECISION,
        "max for min",
        effect=_BALANCE + "Everything is accepted.",
        fix=f"{_P}; the slip: max(1, exp(H - H'))",
    ),
    made_by(
        _NoExp(),
        "metropolis-no-exp",
        DECISION,
        "min(1, H - H'): exp is forgotten",
        effect=_BALANCE + "Nothing that climbs is ever accepted.",
        fix=f"{_P}; the slip: min(1, H - H')",
    ),
    made_by(
        _Absolute(),
        "metropolis-absolute",
        DECISION,
        "exp(-|H - H'|): moves to lower energy are refused as those to higher energy are",
        effect=_BALANCE + "Whatever changes is refused in part.",
        fix=f"{_P}; the slip: exp(-|H - H'|)",
    ),
    made_by(
        _Halved(),
        "metropolis-halved",
        DECISION,
        "exp((H - H')/2): a 1/2 that the energies have already",
        effect=_BALANCE
        + "The law sampled is wider: moves uphill in energy are accepted too often.",
        fix=f"{_P}; the slip: exp((H - H')/2)",
    ),
    made_by(
        _Barker(),
        "metropolis-barker",
        DECISION,
        "Barker's rule, 1/(1 + exp(H' - H))",
        effect="The law sampled stays right; at most half as much is accepted. Another rule: say which.",
        fix=f"{_P}; the other rule: sigma(H - H')",
        seen="Barker, 1965: a method of its own",
    ),
    made_by(
        _SummedOverChains(),
        "metropolis-summed",
        DECISION,
        "the energies are summed over the chains: one probability for all",
        effect="All chains move or none; with many of them hardly ever. Nothing to see with one chain.",
        fix=f"{_U}; the slip: exp(sum(H - H'))",
    ),
    made_by(
        _Greater(),
        "metropolis-greater",
        DECISION,
        "accepted where the uniform is above the probability",
        effect=_BALANCE + "What should be accepted is refused: chains climb in energy.",
        fix=f"{_U}; the slip: uniform > probability, or the rejected returned as the accepted",
    ),
    made_by(
        _NotLogged(),
        "metropolis-uniform-not-logged",
        DECISION,
        "the uniform itself is compared with H - H', not its logarithm",
        effect=_BALANCE + "Nothing that climbs is ever accepted.",
        fix="ln uniform < H - H'; the slip: uniform < H - H'",
    ),
    made_by(
        _DecimalLogarithm(),
        "metropolis-log10",
        DECISION,
        "the decimal logarithm of the uniform is compared with H - H'",
        effect=_BALANCE + "It is exp(2.3 (H - H')) that is compared: a colder law.",
        fix="ln uniform < H - H'; the slip: log10(uniform)",
    ),
    made_by(
        _Greedy(),
        "metropolis-greedy",
        DECISION,
        "accepted where the energy falls, whatever the uniform is",
        effect=_BALANCE + "The chains climb to a maximum of the density and stay there.",
        fix=f"{_U}; the slip: H' < H",
    ),
    made_by(
        _AboveHalf(),
        "metropolis-above-half",
        DECISION,
        "accepted where the probability is above 1/2, whatever the uniform is",
        effect=_BALANCE + "Nothing that costs more than ln 2 is ever accepted.",
        fix=f"{_U}; the slip: probability > 0.5",
    ),
    made_by(
        _OneUniform(),
        "metropolis-one-uniform",
        DECISION,
        "the first chain's uniform decides for all",
        effect="Each chain on its own samples the right law, together they move in step. Nothing to see with one chain.",
        fix=f"{_U}, with a uniform of its own; the slip: uniforms[0]",
    ),
    made_by(
        _AllOrNone(),
        "metropolis-all-or-none",
        DECISION,
        "one decision for all chains, by the mean of their probabilities",
        effect=_BALANCE + "Chains are carried along by the others. Nothing to see with one chain.",
        fix=f"{_U}; the slip: uniforms[0] < mean(probability)",
    ),
)

METROPOLIS_ARITHMETIC = (
    made_by(
        _OfDensities(),
        "metropolis-densities",
        DECISION,
        "exp(-H')/exp(-H): the densities themselves are divided",
        effect="0/0 or inf/inf = NaN, which refuses: where energies are beyond 745 in float64 or 103 in float32 no chain moves any more.",
        fix="exp(min(0, H - H')); the slip: exp(-H')/exp(-H)",
    ),
)
