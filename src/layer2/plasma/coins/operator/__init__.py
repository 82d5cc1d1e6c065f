"""The operator of the coin chain: takes transfers, makes blocks of them, submits them."""
