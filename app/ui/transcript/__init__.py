"""The column of messages."""
