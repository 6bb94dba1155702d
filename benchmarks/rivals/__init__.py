"""The same sweeps as their users would write them with other people's tools."""
