"""Numbers that explain a trace: totals, work and span, the critical path, concurrency."""
