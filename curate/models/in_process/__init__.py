"""Models in this process: how the `transformers` backend decodes and scores, and the hardware that all of them use."""
