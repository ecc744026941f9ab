"""ln sigma and sigma: objectives, exact and textbook forms, scales and mistakes side by side."""
