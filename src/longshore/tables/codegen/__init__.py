"""How operations write their code: values, names and patterns as Python text, and expressions that are both."""
