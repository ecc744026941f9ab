"""Discrete data: a Boltzmann machine, sums over states where other models have integrals, a mass function for noise."""

import numpy as np

import nce_ref as nr

rng = np.random.default_rng(3)
model = nr.BoltzmannMachine(5)  # spins -1 and 1: 5 biases, 10 weights, c
W = np.triu(0.3 * rng.standard_normal((5, 5)), 1)
truth = model.normalize(model.pack(0.5 * rng.standard_normal(5), W + W.T, 0.0))

x = model.sample(truth, 4000, rng)
noise = nr.BernoulliNoise.from_data(x, model.values)  # independent spins with the data's means
y = noise.sample(5 * len(x), rng)
fit = nr.fit_nce(model, noise, x, y)  # starts at the noise itself, which lies in the family
likelihood = nr.fit_mle(model, x, start=fit.theta)

errors = nr.estimate_covariance(fit).standard_errors
print(f"{'':8} {'right':>7} {'NCE':>7} {'+-':>6} {'MLE':>7}")
for row in zip(model.parameter_names, truth, fit.theta, errors, likelihood.theta):
    print("{:8} {:7.3f} {:7.3f} {:6.3f} {:7.3f}".format(*row))
print(
    f"-ln Z by the sum over all 32 states: {-model.log_normalizer(fit.theta):.3f}; c estimates it"
)
print(f"NCE: {fit.status}; likelihood: {likelihood.status}")
