"""One experiment a module: ``EXPERIMENT_VERSION: int`` and ``run(params, rng) -> dict[str, float]``, a pure function of
both.

The version is part of every run's key in the store: raise it when a change to the code changes the numbers.
"""
