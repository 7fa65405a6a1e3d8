"""The store on SQLite.

sqlite-utils takes numpy and pandas with it wherever they are installed, so as to store what we never have: 13 MB and
more of the daemon's memory. So they are not there for as long as it is imported.
"""

import sys

_unwanted = {"numpy", "pandas"} - sys.modules.keys()
sys.modules.update(dict.fromkeys(_unwanted))  # type: ignore[arg-type]  # None: "there is no such module"
try:
    import sqlite_utils  # noqa: F401
finally:
    for _name in _unwanted:
        del sys.modules[_name]
