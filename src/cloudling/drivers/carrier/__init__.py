"""The carrier: a process of its own through which every byte that is the users' own flows.

Control says what there is (`messages`), netd gives the sockets, and nothing of it passes control's
loop. It may be killed: connections drop, machines go on, control starts another and says it again.
"""
