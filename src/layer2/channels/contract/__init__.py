"""The deployed hub: calls, events, a channel as the chain has it, and the chain's clock."""
