"""The trace: events folded into frozen columns, one row per task attempt."""
