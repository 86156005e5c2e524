"""Streams: files of request bodies become files of events, and a run that was killed goes on."""
