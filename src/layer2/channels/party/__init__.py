"""One party's node: its channels, what it signs and accepts, and the journal that makes both durable."""
