"""Contrast between views: CLIP, SigLIP, NT-Xent and SupCon, and what one device of many computes of them."""
