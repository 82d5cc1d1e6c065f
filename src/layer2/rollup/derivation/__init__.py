"""Rebuilds the rollup's state from Ethereum alone, and proves accounts in it."""
