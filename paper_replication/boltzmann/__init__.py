"""A discrete model on which everything is exact: the fully visible Boltzmann machine."""
