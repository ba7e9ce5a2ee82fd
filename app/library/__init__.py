"""Model files: where they are and how they get here. The only room that talks to the network."""
