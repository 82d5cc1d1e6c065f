"""Search games of the coin chain."""
