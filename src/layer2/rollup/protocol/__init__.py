"""Formats of the rollup: frames, batches, amounts and signed operations, without I/O."""
