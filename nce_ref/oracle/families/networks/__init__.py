"""Networks as log-densities: objectives, exact and textbook forms, scales and mistakes side by side."""
