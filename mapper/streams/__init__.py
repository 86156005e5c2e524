"""Streams: `mapper run`, which maps files of request bodies into files of events.

The way of a line from file to file; modules that a part uses are in brackets:

    input files       inputs         cuts them into batches of whole lines (gzip_files, batches)
        | Batch
        v
    workers           pool           gives batches to processes, in order (pipes, read_ahead)
                      batch_mapper   maps each line: events, and lines of the other items (item_lines)
        | BatchResult
        v
    output files      recording      writes the lines in order and counts (outputs, tally)
                                     and now and then the position in the input (journal)

`run` joins these parts: it plans a run, begins or resumes it, and finishes it. A line of a rejected item has
the parts of its body that it needs (envelope_needs, envelopes), so that `replay` can map it again later.
`shared_ids` tells if all events have the same id, as a header was given once for all.
"""
