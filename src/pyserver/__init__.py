"""The older framework's name, so that handlers written for it run unchanged; see ``longshore.handlers``."""
