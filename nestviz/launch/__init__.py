"""Starting things: Ray, a driver in a process of its own, a demonstration; for command line and dashboard alike."""
