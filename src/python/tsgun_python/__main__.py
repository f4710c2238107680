"""`python3 -m tsgun_python`: a worker. This file has to be readable for every Python there is."""

import os
import sys

if sys.version_info < (3, 9):
    import json

    _text = "Python 3.9 or later is needed, and %s is %d.%d" % (
        (sys.executable,) + tuple(sys.version_info[:2])
    )
    _line = json.dumps({"type": "failed", "kind": "boot", "message": _text}) + "\n"
    os.write(int(os.environ["NODE_CHANNEL_FD"]), _line.encode())
    sys.exit(1)

if "NODE_CHANNEL_FD" not in os.environ:
    sys.exit("This is a part of tsgun, which starts it itself")

if os.environ.pop("TSGUN_NURSERY", None):
    from .nursery import main
else:
    from .boot import main

main()
