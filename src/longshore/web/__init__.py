"""HTTP, for every feature: routes that are declared, bodies as they come, JSON, files as answers, errors."""
