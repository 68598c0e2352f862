"""Texts as values and values as texts: numbers, dates, booleans and parts of texts, in the engine and in code."""
