"""A payments and token rollup: frames of operations, a total state transition, and the tree of accounts."""
