"""Which noise is best? The asymptotic error of NCE at a fixed budget, as a function of the noise and of nu, in one
dimension."""
