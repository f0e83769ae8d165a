"""Public addresses on the host: each port of them leads to its machine, and as its groups say.

What groups block times out, what nobody listens on is refused, and all else is carried through
the network, whose own rules decide once more.
"""
