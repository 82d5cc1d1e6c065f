"""Payment and state channels: messages, pure model, contract facade, node, channel object, watchtower."""
