"""Search games of the rollup."""
