"""Noise-contrastive estimation's J: objectives, exact and textbook forms, scales and mistakes side by side."""
