"""One experiment a module, as in ``paper_replication.experiments``: ``EXPERIMENT_VERSION`` and ``run(params, rng)``."""
