"""Runs each line of a file of SQL over NDJSON with DuckDB, on one thread, and prints the median CPU seconds of some runs."""

import statistics
import sys
import time

import duckdb

data, queries, runs = sys.argv[1:]
connection = duckdb.connect()
connection.execute("set threads = 1")
connection.execute(f"create view logs as select * from read_json('{data}', format = 'newline_delimited', maximum_object_size = 1048576)")
connection.execute(f"create view raw as select line from read_csv('{data}', columns = {{'line': 'varchar'}}, delim = '\x01', quote = '', escape = '', header = false)")
for query in open(queries, encoding="utf-8"):
    seconds = []
    for _ in range(int(runs)):
        start = time.process_time()
        connection.execute(query).fetchall()
        seconds.append(time.process_time() - start)
    print(statistics.median(seconds))
