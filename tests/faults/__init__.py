"""The fault matrix: each thing that breaks, and what is promised when it does.

Here the real program meets a fault from outside. Faults of which a part decides by itself are tried where that part is:
names that lie or lead inside (test_http), servers that drip, stall or send bombs (test_hostile_servers), a kill at
every transaction boundary and every send (test_crash, test_release_kills), a worker that hangs, bloats or dies
(test_workers), a damaged or foreign database (test_cli), a database locked for a while (test_end_to_end), a clock that
is set back (test_daemon), hours without Slack (test_outbox, test_rhythm_chaos).
"""
