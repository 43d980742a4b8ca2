#!/usr/bin/python3
"""The Redis 7.0 Tcl suite, unit by unit.

    tclsuite.py [--mode external|spawn|both] [--units unit/a,unit/b] [--base-port N] [--all]

Two ways of running a unit:

    external   against one podis that is running already; between units its data is flushed and
               its configuration put back, so that no unit suffers from the one before
    spawn      on servers that the suite starts itself, podis standing in for redis-server: the
               only way to run what the suite marks external:skip

Each unit is a run of its own (`runtest --single`) with its own time limit, so that one hang or
exception hides nothing else. It is run on a copy of the suite in BUILD, whose src/ holds podis
under the name of redis-server. The two ways run side by side, each on a copy and ports of its
own; the second is done first and then takes some of the first's units, on a podis of its own.

What is left out is in skips.txt, one test a line, with its reason:

    unit | test name, /pattern, or tag: TAG | reason

    needs CMD CMD ...   left out while the server lacks one of these commands, and only then
    alone: why          left out of the unit's run and made in one of its own afterwards
    slow: why           left out unless --all is given
    anything else       left out

A line that names no test of its unit is a failure: the list stays as short as it can be. The unit
may be *, for all of them, and then nothing is asked of it.
"""

import argparse
import collections
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

import resp
import server

HERE = os.path.dirname(os.path.abspath(__file__))
EXTERNAL = ("unit/type/string", "unit/type/incr", "unit/type/list", "unit/type/list-2",
            "unit/type/list-3", "unit/type/set", "unit/type/hash", "unit/type/zset",
            "unit/type/stream", "unit/type/stream-cgroups", "unit/sort", "unit/bitops",
            "unit/bitfield", "unit/hyperloglog", "unit/geo", "unit/dump", "unit/lazyfree",
            "unit/other", "unit/keyspace", "unit/expire", "unit/scan", "unit/protocol",
