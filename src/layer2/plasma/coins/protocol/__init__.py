"""Formats of the coin chain: transfers, histories and their sparse Merkle tree, without input or output."""
