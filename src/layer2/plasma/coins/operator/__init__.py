"""The operator of the coin chain: accepts transfers, builds blocks and submits them."""
