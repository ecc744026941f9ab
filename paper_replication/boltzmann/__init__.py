"""A discrete model on which everything is exact: the fully visible Boltzmann machine. Everything of the study, see ``study.py``."""
