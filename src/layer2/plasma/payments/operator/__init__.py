"""The operator of the child chain: takes payments, makes blocks of them, submits them."""
