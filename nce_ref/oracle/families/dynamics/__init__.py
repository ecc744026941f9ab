"""The leapfrog and the Metropolis decision: objectives, exact and textbook forms, scales and mistakes side by side."""
