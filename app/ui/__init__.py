"""The window: shows what item models say, emits what the user wants."""
