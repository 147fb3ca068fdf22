"""Takes scenes of the other world over: those of packet sockets and of netlink sockets."""

from facts import identity_of


class Keeper:
    """What the scenes take for their ledger. They go on to tell of a socket after it is kept."""

    def __init__(self):
        self.made = []

    def keep(self, sock, known):
        self.made.append((sock, known))


def play(ledger, kind, scenes, set_up, more=lambda sock: {}):
    """`set_up` makes the scenery that the scenes share, `more` tells more facts of a socket. Their queues are not
    still: who listens to a device hears all that the rest of the world does.
    """
    keeper = Keeper()
    scenery = set_up(keeper)
    for scene in scenes:
        scene(scenery)
    for sock, known in keeper.made:
        ledger.keep(sock)
        label = known.pop('label')
        ledger.expect(kind, label, {**known, **identity_of(sock), **more(sock), 'present': ['meminfo']})
