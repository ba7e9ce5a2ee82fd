"""llama.cpp behind the `Engine` protocol. The only room that imports llama_cpp."""
