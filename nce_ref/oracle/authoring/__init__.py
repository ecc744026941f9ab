"""For those who add vectors: ``emit`` computes what is expected, ``lint`` checks the files' format.

``flags`` reads flags off the inputs, ``kills`` asks the catalogue which mistakes a vector sees, ``layout`` spells
numbers and files.
"""
