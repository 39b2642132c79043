"""The whole pipeline on one machine, step by step: `make demo` and `make e2e`."""
