"""The paper's figures: what each shows, with which settings, and what it is computed by."""
