"""The lab: one page that a reader can touch, written by lossbench and run by a browser, without a network."""
