"""vLLM, on this processor, with tiny weights made here. Run with `make test-vllm`, in an environment of its own."""
