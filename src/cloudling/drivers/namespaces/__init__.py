"""Machines and networks in namespaces of the kernel's own, without a container daemon.

`netd` is a process of its own that owns every namespace (`python -m cloudling.drivers.namespaces`);
`driver` is what control sees of it. Nothing here imports the kernel but `driver`: each machine's
first process is a fork of netd's, so what netd imports is paid for by each of them.
"""

# A file in the folder of a cloud that keeps nothing: netd takes the folder along when it ends.
SCRATCH = "scratch"
