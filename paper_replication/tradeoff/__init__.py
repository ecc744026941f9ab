"""J12's trade-off with ten sources: how much error more noise buys, and what it costs in time."""
