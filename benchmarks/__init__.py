"""How fast lossbench is, measured side by side with other people's tools: `python -m benchmarks`."""
