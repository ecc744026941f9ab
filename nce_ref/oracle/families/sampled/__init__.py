"""The family of objectives over sampled classes."""
