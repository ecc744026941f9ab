"""P10 section 3.1: Figure 1 (a), (c), (d), its theory, and the optimiser's part in it. Everything of the study, see
``study.py``."""
