"""The sequencer: takes operations, orders them into frames, and keeps what it has accepted."""
