"""The rollup's state and its transition function."""
