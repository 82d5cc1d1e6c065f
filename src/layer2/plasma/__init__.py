"""Plasma: payments of unspent outputs with exits that need no operator, and indivisible coins with short histories."""
