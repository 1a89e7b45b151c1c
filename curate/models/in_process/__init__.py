"""The engine of the `transformers` backend: decoding and scoring in this process, on a CPU or a GPU."""
