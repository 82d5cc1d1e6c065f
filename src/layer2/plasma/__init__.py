"""Plasma: UTXO payments with exits that need no operator, and indivisible coins with short histories."""
