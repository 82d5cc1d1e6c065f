"""Floor 2: durable state. What a node has promised is on disk before anybody hears of it."""
