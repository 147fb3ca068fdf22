"""The devices of the world: lo, and a veth pair of several queues whose far end nobody reads."""

import subprocess

NEAR_DEVICE, FAR_DEVICE = 'w0', 'w1'
NEAR_INDEX, FAR_INDEX = 30, 31
PASSING_DEVICE, PASSING_INDEX = 'w2', 32
NEAR_LOCAL = 'fe80::1'
QUEUES = 5

# So that the devices send nothing by themselves, which sockets for ICMPv6 would receive.
SETTINGS = {
    'ipv6/conf/default/accept_dad': 0,
    'ipv6/conf/default/accept_ra': 0,
    'ipv6/conf/default/router_solicitations': 0,
    'ipv6/conf/default/addr_gen_mode': 1,
}

DEVICES = f'''
link set lo up
link add {NEAR_DEVICE} index {NEAR_INDEX} numtxqueues {QUEUES} numrxqueues {QUEUES} type veth \
peer name {FAR_DEVICE} index {FAR_INDEX} numtxqueues {QUEUES} numrxqueues {QUEUES}
'''

ADDRESSES = f'''
address add {NEAR_LOCAL}/64 dev {NEAR_DEVICE} nodad
link set {NEAR_DEVICE} up
link set {FAR_DEVICE} up
'''


def set_sysctl(name, value):
    with open(f'/proc/sys/net/{name}', 'w', encoding='ascii') as file:
        file.write(str(value))


def run(command, commands=None):
    outcome = subprocess.run(command, input=commands, capture_output=True, text=True, check=False)
    if outcome.returncode != 0:
        raise RuntimeError(f'{" ".join(command)}: {(outcome.stderr or outcome.stdout).strip()}')


def bring_up():
    for name, value in SETTINGS.items():
        set_sysctl(name, value)
    run(['ip', '-batch', '-'], DEVICES)
    set_sysctl(f'ipv6/conf/{FAR_DEVICE}/disable_ipv6', 1)
    run(['ip', '-batch', '-'], ADDRESSES)


def take_down():
    run(['ip', 'link', 'delete', NEAR_DEVICE])


def add_passing():
    """A device that is there for a moment."""
    run(['ip', 'link', 'add', PASSING_DEVICE, 'index', str(PASSING_INDEX), 'type', 'veth'])
    run(['ip', 'link', 'set', PASSING_DEVICE, 'up'])


def remove_passing():
    run(['ip', 'link', 'delete', PASSING_DEVICE])
