"""Floor 3: what every node does with accepted transactions: admit, store, track and restore them."""
