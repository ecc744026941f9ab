"""The asymptotic covariance of an estimate: objectives, exact and textbook forms, scales and mistakes side by side."""
