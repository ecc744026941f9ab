"""P10's section 3.2: models of natural images, on photographs that packages ship."""
