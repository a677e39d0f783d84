"""The collector: one Ray actor that gathers every process's events into journals, and the meeting place on each node.

How events travel
-----------------
Every process writes into a ring of its own, a mapped file in its node's meeting place (`meeting`, `ring`). On the driver's node the
collector (`actor`) takes from the rings ten times a second. For each other node it starts a relay (`relay`), an actor without a CPU
slot pinned to that node, and asks it for a batch: one call for the whole node, in which the relay packs what its rings hold. The
call's arguments carry the receipts for the batch before; only then is room given back in the rings (`portions`). So there is one
state, the journal, and killing relay or collector at any moment loses and doubles nothing: whoever is restarted reads the rings
from where they were released, and the journal says which records it has. Before the first record of a node is written its clock is
compared (`clocks`), and anew every few seconds. A node that leaves Ray's list takes its processes with it: their tasks are lost.

The collector asks, rather than relays tell: so back-pressure needs no protocol (a busy collector asks later), `sync` is a question
like any other, relays have no timer and nothing to find, and one place knows how many nodes share the calls.

1,000 nodes with 64 workers each
--------------------------------
*The rule* (`rota`): a node is asked every max(0.1 s, nodes / 200), so one collector makes at most 200 calls a second. Up to 20 nodes
are as live as one; 1,000 nodes are asked every 5 s.

*Calls.* `python tests/benchmarks/collector_rate.py`, on a shared machine with 2 cores that ran collector and relays together, printed
for batches of 64 processes (median of 7 rounds, quartiles): 1,095 calls/s (977-1,334) when they are empty, 471 (394-547) with 16 KB of
records, 430 (411-509) with 128 KB, that is 56 MB/s, and 196 (180-277) with 1 MB, 206 MB/s; each call costs the collector 0.4, 1.3,
1.5 and 2.3 ms of CPU. 200 calls a second are therefore 8 % of a core when nothing happens, and 30 % at 128 KB a batch.

*Bytes.* A task leaves about six records of 64 bytes, which pack to about a quarter. If each of the 64,000 workers ran one task a
second, a batch would hold 123 KB and the collector take 25 MB/s of records: 7 MB/s over the network and onto the disk, at less than
half of the measured rate. At the measured limit of 1 MB a batch it is eight tasks a second and worker, half a million in all.

*Back-pressure.* Each relay has at most one call under way, all together 32, each answered with 4 MB at most. What is not asked for
stays in the rings: 32,768 records each, so that between two calls 5 s apart a worker may run a thousand tasks a second. Beyond that
its ring is full, and new records are dropped and counted; the program never waits.

*Memory.* A worker's ring is 2 MB of its node's /tmp, 128 MB a node. The collector holds 0.9 KB for each process that it has ever seen,
57 MB for 64,000, and of batches under way 128 MB at the most.
"""
