"""TLS in the kernel, over TCP connections whose both ends have the same keys."""

import errno
import socket
import struct
from typing import NamedTuple

from streams import IPV4, IPV6, TCP, greet, pair

TCP_ULP, SOL_TLS, TLS_TX, TLS_RX, TLS_RX_EXPECT_NO_PAD = 31, 282, 1, 2, 4
VERSIONS = {'TLS1.2': 0x0303, 'TLS1.3': 0x0304}


class Cipher(NamedTuple):
    """TLS_CIPHER_*, and the sizes of its parameters in bytes."""
    number: int
    iv: int
    key: int
    salt: int

    def crypto_info(self, version):
        """struct tls12_crypto_info_*; no secret is in need of a key here."""
        return (struct.pack('=HH', VERSIONS[version], self.number) + b'i' * self.iv + b'k' * self.key
                + b's' * self.salt + bytes(8))


CIPHERS = {
    'AES-GCM-128': Cipher(51, 8, 16, 4),
    'AES-GCM-256': Cipher(52, 8, 32, 4),
    'AES-CCM-128': Cipher(53, 8, 16, 4),
    'CHACHA20-POLY1305': Cipher(54, 12, 32, 0),
}
BOTH_WAYS = (TLS_TX, TLS_RX)
NO_LINGER = struct.pack('=ii', 1, 0)


def upgrade(*ends):
    for sock in ends:
        sock.setsockopt(socket.IPPROTO_TCP, TCP_ULP, b'tls')


def encrypt(sock, version, cipher, ways=BOTH_WAYS):
    for way in ways:
        sock.setsockopt(SOL_TLS, way, CIPHERS[cipher].crypto_info(version))


def expect(ledger, label, sock, **tls):
    """Over the loopback, no device helps: what is configured is done in software."""
    tls = {'txconf': 'base', 'rxconf': 'base', **tls}
    ledger.expect_inet('tcp', f'TLS, {label}', sock, 'ESTABLISHED', ulpInfo={'name': 'tls', 'tls': tls})


def configured(ledger, ciphers):
    for version, cipher, place in (('TLS1.2', 'AES-GCM-128', IPV4), ('TLS1.3', 'AES-GCM-256', IPV6),
                                   ('TLS1.3', 'CHACHA20-POLY1305', IPV4),
                                   ('TLS1.2', 'AES-CCM-128', IPV6)):
        if cipher not in ciphers:
            continue
        ends = pair(TCP, place)
        upgrade(*ends)
        for sock in ends:
            encrypt(sock, version, cipher)
        greet(*ends)
        for name, sock in zip(('client', 'server'), ends):
            expect(ledger, f'{version}, {cipher}, {name}, {place.label}', sock, version=version,
                   cipher=cipher, txconf='sw', rxconf='sw')


def one_way(ledger, ciphers):
    if 'AES-GCM-256' in ciphers:
        near, far = pair(TCP, IPV4)
        upgrade(near, far)
        encrypt(near, 'TLS1.2', 'AES-GCM-256', [TLS_TX])
        encrypt(far, 'TLS1.2', 'AES-GCM-256', [TLS_RX])
        expect(ledger, 'TLS_TX only', near, version='TLS1.2', cipher='AES-GCM-256', txconf='sw')
        expect(ledger, 'TLS_RX only', far, version='TLS1.2', cipher='AES-GCM-256', rxconf='sw')


def without_padding(ledger, ciphers):
    if 'AES-GCM-128' in ciphers:
        near, far = pair(TCP, IPV4)
        upgrade(near, far)
        encrypt(near, 'TLS1.3', 'AES-GCM-128')
        encrypt(far, 'TLS1.3', 'AES-GCM-128')
        near.setsockopt(SOL_TLS, TLS_RX_EXPECT_NO_PAD, 1)
        known = {'version': 'TLS1.3', 'cipher': 'AES-GCM-128', 'txconf': 'sw', 'rxconf': 'sw'}
        expect(ledger, 'TLS_RX_EXPECT_NO_PAD', near, **known, rxNoPad=True)
        expect(ledger, 'peer of TLS_RX_EXPECT_NO_PAD', far, **known)


def unconfigured(ledger, _):
    near, far = pair(TCP, IPV4)
    upgrade(near)
    expect(ledger, 'not yet configured', near)
    ledger.expect_inet('tcp', 'peer of one with TLS not yet configured', far, 'ESTABLISHED')


def has_tls():
    """TCP_ULP is for connected sockets, but it looks for the module first."""
    with socket.socket(socket.AF_INET, *TCP) as sock:
        try:
            upgrade(sock)
        except OSError as error:
            if error.errno == errno.ENOENT:
                return False
            if error.errno != errno.ENOTCONN:
                raise
    return True


def has_cipher(cipher):
    """Each wants modules of its own: gcm, ghash, ccm, ctr, chacha20poly1305, chacha, poly1305."""
    near, far = pair(TCP, IPV4)
    with near, far:
        upgrade(near)
        near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)  # nothing is left of it
        try:
            encrypt(near, 'TLS1.2', cipher)
        except FileNotFoundError:
            return False
    return True


def play(ledger):
    if not has_tls():
        ledger.lack('tls')
        return
    ciphers = [cipher for cipher in CIPHERS if has_cipher(cipher)]
    for cipher in CIPHERS:
        if cipher not in ciphers:
            ledger.lack(f'tls {cipher}')
    for scene in (configured, one_way, without_padding, unconfigured):
        scene(ledger, ciphers)


SOCKET = (socket.AF_INET, *TCP)
SCENES = [play]
