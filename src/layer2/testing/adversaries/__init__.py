"""Named adversaries: one class for each known attack."""
