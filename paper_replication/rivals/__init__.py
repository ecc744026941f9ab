"""The rivals of NCE in P10's Figure 1 (a) and (b), and J12's sweep over nu. Everything of the study, see
``study.py``."""
