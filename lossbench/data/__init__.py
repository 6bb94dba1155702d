"""Where examples come from and how they are made ready: loading, fingerprints, hold-out split, scaling."""
