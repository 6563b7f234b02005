"""Bulk: reads very many pictures, on all cores or on a cluster, into Parquet files. Needs the extra ``bulk``.

    >>> from mnist_cnn.bulk.command import bulk
    >>> bulk(("scans/",), Path("read"))                                                     # doctest: +SKIP

``plan`` divides the inputs into units, once. ``step`` reads one unit and writes it as one part, atomically. An
interrupted run resumes with the missing parts. ``engines`` distributes the units over local processes, or over a Ray
cluster with the extra ``ray``.
"""
