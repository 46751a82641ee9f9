"""Runs moto, an independent CloudWatch Logs endpoint, on a free local port.

Prints its port, then serves until its standard input closes, so that it ends with the tests that started it.
"""

import logging
import sys

from moto.server import ThreadedMotoServer

logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
_, port = server.get_host_and_port()
print(port, flush=True)
sys.stdin.read()
server.stop()
