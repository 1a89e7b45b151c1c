"""A stage is a function from a dataset to an `Outcome`, and its signature is its schema."""
