"""A much-read walkthrough of P10, run as it stands, its faults one at a time, and the experiment done right.

The order of reading: ``problem`` (what is drawn), ``references`` (what the loss should be), ``naive`` (how not to take
the logarithm), ``training`` (the networks), ``experiments`` (one file an experiment), ``claim_list`` (what is claimed,
with margins), ``lesson`` (what is made of the runs), ``study`` (all of it together). Nothing here imports NumPy at
once: see ``paper_replication``.
"""
