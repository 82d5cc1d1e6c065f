"""Floor 1: hashing, signatures, typed data, units and base errors. Pure: no input or output, no web3."""
