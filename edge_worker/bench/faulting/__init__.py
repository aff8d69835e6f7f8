"""A house in which things go wrong on purpose, and what is seen of it."""
