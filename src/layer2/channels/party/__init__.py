"""The node of one party: its channels, the messages it signs and accepts, and the journal that makes them durable."""
