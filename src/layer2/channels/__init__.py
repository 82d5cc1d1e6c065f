"""Payment and state channels: messages, reference model, contract wrapper, party node, channel object, watchtower."""
