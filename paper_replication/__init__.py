"""Replication of the papers behind ``nce_ref``: experiments, claims with verdicts, figures, report.

Nothing here imports NumPy: ``python -m paper_replication`` must pin the BLAS threads before NumPy is loaded.
"""
