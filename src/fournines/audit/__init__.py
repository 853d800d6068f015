"""WHAT WOULD BREAK IT: configuration files as they lie on nodes, judged by rules. Nothing is changed.

    collect   paths on this computer -> Cloud          the only module here that reads anything
    formats   a file's path -> its reader
    cloud     nodes -> files -> documents, with the lines on which things stand
    systems   what the documents mean: proxies and servers, members, brokers, services, addresses
    rules     one function each, registered by ``rule``
    timing    what a failure costs by the timers that are found, as chains
    change    the corrected text of a line, as a value
    fixing    a cloud and its findings -> diffs, each tried by judging again
    judge     a cloud -> findings; the suppressed ones are told apart, not left out
"""
