"""Roles in examples and tests: names for the first accounts of a development chain."""

from __future__ import annotations

__all__ = ["ROLES", "role_index"]

ROLES = ("operator", "payer", "payee", "challenger", "attacker", "watchtower")
"""Names in order of the development accounts: the operator deploys, the payer is side A, the payee side B."""


def role_index(name: str) -> int | None:
    """Return the account index of a role, or `None` if the role is unknown."""
    return ROLES.index(name) if name in ROLES else None
