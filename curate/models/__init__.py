"""Language models, reward models and embedders, behind three small protocols; one file per backend."""
