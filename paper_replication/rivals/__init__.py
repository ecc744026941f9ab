"""The rest of P10's comparison: its rival estimators in Figure 1 (a), error against time (b), and J12's sweep over nu.

Runs, claims and report are apart from those of ``paper_replication`` itself; rules, store and statistics are the same.
"""
