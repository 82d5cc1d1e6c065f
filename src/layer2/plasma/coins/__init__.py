"""Plasma Cash: indivisible coins whose histories anyone can verify independently, from the deposit to the present."""
