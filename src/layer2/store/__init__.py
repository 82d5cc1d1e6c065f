"""Floor 2: durable state. Every commitment of a node is on disk before it is announced."""
