"""Text in, plain leaves out. No Qt."""
