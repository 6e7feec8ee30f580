"""What a GPU gives in ten minutes."""
