"""The door: a command line in Hydra's language becomes points, one composed config a run. Past it there is no Hydra."""
