"""The bytes of a recording on disk: one append-only file of checked chunks."""
