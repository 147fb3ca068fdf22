"""What the kernel shows of the world in /proc/self/net, and where that differs from what was to be made."""

import re
import socket
import struct

STATES = [None, 'ESTABLISHED', 'SYN_SENT', 'SYN_RECV', 'FIN_WAIT1', 'FIN_WAIT2', 'TIME_WAIT', 'CLOSE',
          'CLOSE_WAIT', 'LAST_ACK', 'LISTEN', 'CLOSING']
TIMERS = ['off', 'on', 'keepalive', 'timewait', 'persist', 'delack']
FILES = [('tcp', 'inet', 'tcp'), ('tcp6', 'inet6', 'tcp'), ('udp', 'inet', 'udp'), ('udp6', 'inet6', 'udp'),
         ('udplite', 'inet', 'udplite'), ('udplite6', 'inet6', 'udplite')]
IDENTITY = ('protocol', 'family', 'src', 'sport', 'dst', 'dport', 'inode')

# Flags, state and inode; a name with a newline continues on lines that do not look so.
UNIX_LINE = re.compile(rb'^[0-9a-f]+: [0-9A-F]{8} 00000000 ([0-9A-F]{8}) [0-9A-F]{4} ([0-9A-F]{2}) +([0-9]+)'
                       rb'(?: |$)')
UNIX_LISTENING = 0x10000
UNIX_CONNECTED = 3


def decode_endpoint(text):
    """An address in /proc is 32-bit words in the machine's byte order."""
    host, port = text.split(':')
    words = [int(host[index:index + 8], 16) for index in range(0, len(host), 8)]
    family = socket.AF_INET if len(words) == 1 else socket.AF_INET6
    return socket.inet_ntop(family, struct.pack(f'={len(words)}I', *words)), int(port, 16)


def decode_inet(protocol, family, line):
    words = line.split()
    src, sport = decode_endpoint(words[1])
    dst, dport = decode_endpoint(words[2])
    wqueue, rqueue = words[4].split(':')
    return {
        'protocol': protocol, 'family': family, 'state': STATES[int(words[3], 16)],
        'src': src, 'sport': sport, 'dst': dst, 'dport': dport,
        'wqueue': int(wqueue, 16), 'rqueue': int(rqueue, 16),
        'timer': TIMERS[int(words[5].split(':')[0], 16)],
        'inode': int(words[9]) & 0xffffffff,
    }


def read_inet():
    found = []
    for file_name, family, protocol in FILES:
        try:
            with open(f'/proc/self/net/{file_name}', encoding='ascii') as file:
                found.extend(decode_inet(protocol, family, line) for line in file.readlines()[1:])
        except FileNotFoundError:
            pass
    return found


def read_unix():
    """{inode: state} of the sockets that have an inode; the state is sock_diag's."""
    with open('/proc/self/net/unix', 'rb') as file:
        matches = filter(None, map(UNIX_LINE.match, file.read().split(b'\n')))
        return {int(found[3]): unix_state(int(found[1], 16), int(found[2], 16)) for found in matches}


def unix_state(flags, state):
    if flags & UNIX_LISTENING:
        return 'LISTEN'
    return 'ESTABLISHED' if state == UNIX_CONNECTED else 'CLOSE'


def is_inactive(expectation):
    """Bound TCP sockets that neither listen nor connect are in no file under /proc."""
    return expectation['protocol'] == 'tcp' and expectation['state'] == 'CLOSE'


def identity(record):
    return tuple(record.get(field) for field in IDENTITY)


def inet_difference(wanted, found):
    """Why the record that was found is not the one that is wanted; None if it is."""
    # The backlog of a listener is not in /proc.
    comparable = ('state', 'timer', 'rqueue') + (() if wanted['state'] == 'LISTEN' else ('wqueue',))
    for field in comparable:
        if field in wanted and wanted[field] != found[field]:
            return f'{field} is {found[field]}, not {wanted[field]}'
    busy = wanted.get('nonzero')
    return f'{busy} is 0' if busy and found[busy] == 0 else None


def inet_complaints(expectations):
    shown = {identity(record): record for record in read_inet()}
    for wanted in expectations:
        if not is_inactive(wanted):
            found = shown.pop(identity(wanted), None)
            difference = 'is not there' if found is None else inet_difference(wanted, found)
            if difference is not None:
                yield f'{wanted["label"]} ({wanted["state"]}, port {wanted["sport"]}): {difference}'
    for record in shown.values():
        yield f'unexpected socket: {record}'


def unix_complaints(expectations):
    states = read_unix()
    for wanted in expectations:
        state = states.get(wanted['inode'])
        if state != wanted['state']:
            yield f'unix, {wanted["label"]} ({wanted["type"]}): state is {state}, not {wanted["state"]}'


def complaints(expectations):
    """One line for each difference; empty when the world is as it was to be."""
    unix = [wanted for wanted in expectations if wanted['protocol'] == 'unix']
    inet = [wanted for wanted in expectations if wanted['protocol'] != 'unix']
    return [*inet_complaints(inet), *unix_complaints(unix)]


def orphans():
    """TCP sockets that are left; minisockets go with the namespace and do not count."""
    return [record for record in read_inet() if record['protocol'] == 'tcp' and record['timer'] != 'timewait']
