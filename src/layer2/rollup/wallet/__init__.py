"""The rollup wallet: accounts, payments, withdrawals, and leaving without the sequencer."""
