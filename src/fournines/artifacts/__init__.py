"""HOW WANTS ARE WRITTEN: one module per format, each with frozen documents, ``emit`` and ``parse``.

``parse(emit(document)) == document`` for every document that ``emit`` accepts; what a format cannot carry is
refused with ``errors.Unwritable``, so no value can smuggle in a second setting. ``parse`` also reads what
people write by hand and answers text that is not in the format with ``errors.Unparsable``. Lines, entries and
blocks that were read know the line they stood on, which is no part of their equality. With a ``complain`` of
the caller's, ``parse`` tells it each problem and reads the rest of the text. No I/O here.
"""
