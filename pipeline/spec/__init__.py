"""Words people write: scenario, profile, release, suite. YAML, checked once, with errors that say where."""
