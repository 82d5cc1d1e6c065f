"""The deployed hub: calls, events, on-chain state of a channel, and the chain's clock."""
