"""Search games of channels."""
