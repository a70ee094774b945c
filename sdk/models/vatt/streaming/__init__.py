"""VATT's encoders as they stream: causal, a token a step, at a cost that does not grow with the stream."""
