"""The rollup's contract and its data on Ethereum: calls, batches, blobs."""
