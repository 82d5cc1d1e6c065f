"""The funded accounts of every development chain."""

from __future__ import annotations

from functools import lru_cache

from eth_account.hdaccount import key_from_seed, seed_from_mnemonic

from layer2.ethereum.signer import LocalSigner

__all__ = ["DEV_BALANCE", "DEV_MNEMONIC", "ROLES", "dev_keys", "dev_signers", "role_index"]

DEV_MNEMONIC = "test test test test test test test test test test test junk"
"""Mnemonic of the test accounts of anvil, hardhat and ape. Public: never fund it on a real chain."""

DEV_BALANCE = 10_000 * 10**18
"""Initial balance of each account, in wei."""

ROLES = ("operator", "payer", "payee", "challenger", "attacker", "watchtower")
"""Names of the first accounts in order: the operator deploys, the payer is side A, the payee side B."""


@lru_cache(maxsize=8)
def dev_keys(count: int) -> tuple[bytes, ...]:
    """Return the first `count` private keys (BIP-39 seed, BIP-44 path m/44'/60'/0'/0/i)."""
    seed = seed_from_mnemonic(DEV_MNEMONIC, "")
    return tuple(bytes(key_from_seed(seed, f"m/44'/60'/0'/0/{index}")) for index in range(count))


@lru_cache(maxsize=8)
def dev_signers(count: int) -> tuple[LocalSigner, ...]:
    """Return signers for `dev_keys`."""
    return tuple(LocalSigner(key) for key in dev_keys(count))


def role_index(name: str) -> int | None:
    """Return the account index of a role, or None if the role is unknown."""
    return ROLES.index(name) if name in ROLES else None
