"""The `layer2 rollup` commands."""
