"""Named adversaries: attacks that were thought of or found, one class each."""
