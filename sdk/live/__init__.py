"""A bundle that listens: sound that comes at its own pace, frames as they can be computed, and how late they are."""
