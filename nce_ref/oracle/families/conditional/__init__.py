"""Conditional noise-contrastive estimation: is the pair (x, y) in this order or in the other?"""
