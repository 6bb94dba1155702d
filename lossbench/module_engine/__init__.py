"""The engine for any torch module: runs of a tile as one mapped program, or one after the other."""
