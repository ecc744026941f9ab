"""Ranking: which of several points is the datum? InfoNCE and its kin."""
