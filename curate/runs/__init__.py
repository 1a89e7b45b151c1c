"""Runs: one execution of a pipeline in a directory, in shards, resumable at any moment."""
