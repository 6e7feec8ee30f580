"""The Dash front end; it enters the core by its doors only: config, experiments, results, export, store."""
