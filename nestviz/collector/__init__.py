"""The collector: one Ray actor that gathers every process's events into journals, and the meeting place on each node."""
