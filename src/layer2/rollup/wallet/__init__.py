"""The rollup wallet: accounts, payments, withdrawals, and exits without the sequencer."""
