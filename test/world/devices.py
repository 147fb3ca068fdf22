"""The devices of the namespace: lo, and a veth pair of which d0 is this host's and d1 the far host's.

d1 has no address and no kernel stack behind it, so whatever leaves d0 is answered by far_host.py or by
nobody, and nothing leaves the namespace.
"""

import socket
import subprocess

NEAR_DEVICE, FAR_DEVICE = 'd0', 'd1'
DEVICE_INDEXES = {'lo': 1, NEAR_DEVICE: 10, FAR_DEVICE: 11}
NEAR_LINK, FAR_LINK = '02:00:00:00:00:01', '02:00:00:00:00:02'
NEAR_IPV4, FAR_IPV4 = '192.0.2.1', '192.0.2.2'
NEAR_IPV6, FAR_IPV6 = '2001:db8::1', '2001:db8::2'
NEAR_LOCAL, FAR_LOCAL = 'fe80::1', 'fe80::2'

# The namespace's own, so no other socket of the machine feels them. With these counts a state that waits for
# a silent peer lasts between nine minutes (orphans) and half an hour: longer than any test, and yet a world
# that was killed goes away by itself.
SETTINGS = {
    'ipv4/tcp_syn_retries': 16,
    'ipv4/tcp_synack_retries': 16,
    'ipv4/tcp_retries2': 20,
    'ipv4/tcp_orphan_retries': 12,
    'ipv4/tcp_syncookies': 0,
    'ipv4/tcp_no_metrics_save': 1,
    'ipv4/ip_forward': 0,
    'ipv6/conf/default/accept_dad': 0,
    'ipv6/conf/default/accept_ra': 0,
    'ipv6/conf/default/router_solicitations': 0,
    'ipv6/conf/default/addr_gen_mode': 1,
}

DEVICES = f'''
link add {NEAR_DEVICE} index {DEVICE_INDEXES[NEAR_DEVICE]} address {NEAR_LINK} type veth \
peer name {FAR_DEVICE} index {DEVICE_INDEXES[FAR_DEVICE]} address {FAR_LINK}
'''

ADDRESSES = f'''
link set lo up
address add {NEAR_IPV4}/24 dev {NEAR_DEVICE}
address add {NEAR_IPV6}/64 dev {NEAR_DEVICE} nodad
address add {NEAR_LOCAL}/64 dev {NEAR_DEVICE} nodad
link set {NEAR_DEVICE} up
link set {FAR_DEVICE} up
neighbour add {FAR_IPV4} lladdr {FAR_LINK} dev {NEAR_DEVICE} nud permanent
neighbour add {FAR_IPV6} lladdr {FAR_LINK} dev {NEAR_DEVICE} nud permanent
neighbour add {FAR_LOCAL} lladdr {FAR_LINK} dev {NEAR_DEVICE} nud permanent
'''


def set_sysctl(name, value):
    with open(f'/proc/sys/net/{name}', 'w', encoding='ascii') as file:
        file.write(str(value))


def ip(commands):
    outcome = subprocess.run(['ip', '-batch', '-'], input=commands, capture_output=True, text=True,
                             check=False)
    if outcome.returncode != 0:
        raise RuntimeError(f'ip -batch: {outcome.stderr.strip()}')


def bring_up():
    if [name for _, name in socket.if_nameindex()] != ['lo']:
        raise RuntimeError('this is no fresh network namespace: start it by `unshare --net`')
    for name, value in SETTINGS.items():
        set_sysctl(name, value)
    ip(DEVICES)
    # Before d1 is up: an address there would be a second host that answers.
    set_sysctl(f'ipv6/conf/{FAR_DEVICE}/disable_ipv6', 1)
    ip(ADDRESSES)
