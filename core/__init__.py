"""Repeated inference in variational autoencoders (Nagano, Karakida & Okada, 2020), without any user interface."""
