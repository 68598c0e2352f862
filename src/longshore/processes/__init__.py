"""What every process of the server has, whichever it is: a log, a heartbeat, a queue of messages, periodic work."""
