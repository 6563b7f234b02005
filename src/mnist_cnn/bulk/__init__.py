"""Bulk: more pictures than one would wait for, read on all cores or on a cluster, into Parquet files.

    >>> from mnist_cnn.bulk.command import bulk
    >>> bulk(("scans/",), Path("read"))                                                     # doctest: +SKIP

The inputs are cut into units, once (``plan``). A unit is read at once (``step``) and written as one part, which is
there whole or not at all; so a run that was killed goes on with the parts that are missing. It needs the extra
``bulk``, and ``ray`` for a cluster.
"""
