"""Commands that deploy contracts and record where they are."""
