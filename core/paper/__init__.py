"""The paper: its figures and its claims, each computed by one function."""
