"""Ranking and conditional NCE on P10's model: their errors against their laws and against binary NCE's at the same
number of noise points."""
