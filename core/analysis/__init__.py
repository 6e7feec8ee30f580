"""The paper's mathematics, tensors in and tensors out; nothing here knows a model, a file or a screen."""
