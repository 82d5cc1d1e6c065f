"""Commands that deploy contracts and record their addresses."""
