"""Torch modules as the engine and the witness see them: parameters and activations in the order in which data meet them."""
