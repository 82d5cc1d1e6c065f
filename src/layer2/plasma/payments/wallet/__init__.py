"""The wallet: signs payments, stores the proofs needed to exit, and exits."""
