"""State of the rollup and its transition function."""
