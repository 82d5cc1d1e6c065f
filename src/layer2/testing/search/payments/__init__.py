"""Search games of the root chain."""
