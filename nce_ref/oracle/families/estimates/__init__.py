"""Estimates: the argmax of J: objectives, exact and textbook forms, scales and mistakes side by side."""
