"""The wallet: pays, keeps what it takes to leave, and leaves."""
