"""Search games of both plasma chains as one family."""
