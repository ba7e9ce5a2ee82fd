"""The domain: plain Python. No Qt, no llama.cpp, no disk, no network."""
