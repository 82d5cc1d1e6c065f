"""Formats that both plasma chains sign and commit to: blocks, positions, transactions. No I/O."""
