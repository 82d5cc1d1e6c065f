"""A rollup for payments in ether and tokens: operation frames, a total state transition and the account tree."""
