"""The sequencer over HTTP, and its client."""
