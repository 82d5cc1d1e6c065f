"""Plasma Cash: indivisible coins whose histories anybody can check alone, from the deposit to now."""
