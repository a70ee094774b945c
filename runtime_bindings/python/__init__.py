"""Executors for `.pte`, `.onnx` and `.mlpackage` artefacts, found through entry points."""
