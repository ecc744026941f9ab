"""Log-densities and the likelihood of the Laplace ICA model: objectives, exact and textbook forms, scales and mistakes
side by side."""
