"""L1 access of the rollup: contract calls, posted entries and blobs."""
