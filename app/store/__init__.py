"""What is kept: chats in SQLite, presets and settings in TOML."""
