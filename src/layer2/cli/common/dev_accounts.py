"""The people of every example and test: names for the first accounts of a development chain."""

from __future__ import annotations

__all__ = ["ROLES", "role_index"]

ROLES = ("operator", "payer", "payee", "challenger", "attacker", "watchtower")
"""In the order of the development accounts: the operator deploys, the payer is side A, the payee side B."""


def role_index(name: str) -> int | None:
    """The account index of a role; `None` if there is no such role."""
    return ROLES.index(name) if name in ROLES else None
