"""What the commands of `python -m core` do: options in, an answer for JSON out; progress goes to stderr."""
