"""The sequencer: accepts operations, orders them into frames, and stores accepted operations durably."""
