"""The operator of the child chain: accepts payments, makes blocks of them and submits the blocks to L1."""
