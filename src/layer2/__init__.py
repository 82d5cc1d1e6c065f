"""Ethereum's scaling families from Python: payment and state channels, contracts and nodes in one project."""

__version__ = "0.1.0"
