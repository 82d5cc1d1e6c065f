"""HTTP service of the sequencer and its client."""
