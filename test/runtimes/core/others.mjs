/** What there is beside dumps and lookups: filters, names, owners, namespaces, /proc, errors. */
import assert from 'node:assert/strict';
import { readlinkSync } from 'node:fs';
import { release } from 'node:os';
import process from 'node:process';

import {
  dumpTcp,
  dumpUdp,
  dumpUnix,
  lookupTcpSync,
  namespaces,
  owners,
  probe,
  SockDiagError,
} from 'sockdiag';
import { and, dport, FilterSyntaxError, matcher, parse, print } from 'sockdiag/filter';
import { collector, expose } from 'sockdiag/metrics';
import { formatAddress, parseAddress, parseHook } from 'sockdiag/name';
import { dumpTcp as readTcp, dumpUdp as readUdp } from 'sockdiag/proc';

import { check } from './checks.mjs';
import { assertAmong } from './dumps.mjs';
import { openSockets } from './runtime.mjs';

/** What asks no kernel. */
export async function checkLanguages() {
  await check('sockdiag/filter', () => {
    assert.equal(
      print(and(dport.eq(443), parse('not dst 10.0.0.0/8'))),
      'dport = 443 and not dst = 10.0.0.0/8',
    );
    const fits = /** @type {(record: object) => boolean} */ (matcher(parse('sport = :22')));
    assert.deepEqual(
      [fits({ family: 'inet', sport: 22 }), fits({ family: 'inet', sport: 23 })],
      [true, false],
    );
  });
  await check('sockdiag/name', () => {
    assert.deepEqual(parseHook('inet/dgram/udp'), { family: 2, type: 2, protocol: 17 });
    assert.equal(formatAddress(parseAddress('inet6/[2001:db8::1]:443')), 'inet6/[2001:db8::1]:443');
  });
  await check('wrong arguments are a TypeError at the call, before anything is asked', () => {
    const before = openSockets();
    const wrong = /** @type {any} */ ({ states: ['NOPE'] });
    assert.throws(() => dumpTcp(wrong), TypeError);
    assert.throws(() => dumpTcp(/** @type {any} */ ({ unknown: 1 })), TypeError);
    assert.throws(() => lookupTcpSync(/** @type {any} */ ({ src: 5 })), TypeError);
    assert.throws(() => dumpTcp({ filter: 'sport = = :1' }), FilterSyntaxError);
    assert.equal(openSockets(), before);
  });
}

/** @param {import('./sockets.mjs').Sockets} sockets */
export async function checkOthers(sockets) {
  await check('sockdiag/proc has the same TCP sockets', async () => {
    assertAmong(await readTcp().toArray(), sockets.expected);
    assertAmong([...readTcp()], sockets.expected);
    const [udp] = await readUdp({ filter: `sport = :${sockets.udp.address().port}` }).toArray();
    assert.equal(udp?.source, 'proc');
  });
  await check('sockdiag/metrics counts them, and leaves nothing open', async () => {
    const before = openSockets();
    const { port } = sockets.udp.address();
    const all = collector({
      dumps: { udp: dumpUdp({ filter: `sport = :${port}` }) },
      labels: ['local_port'],
    });
    const found = expose(await all.collect());
    const labels = `family="inet",protocol="udp",local_port="${port}",state="CLOSE"`;
    assert.ok(found.includes(`\nsockdiag_sockets{${labels}} 1\n`), found);
    assert.equal(openSockets(), before);
  });
  await check('owners() finds the sockets of this process', async () => {
    const [near] = await dumpTcp({ filter: `sport = :${sockets.inet.near.localPort}` }).toArray();
    const { sockets: held } = await owners({ pids: [process.pid] });
    assert.deepEqual(
      held.get(near?.inode ?? 0)?.map(({ pid }) => pid),
      [process.pid],
    );
  });
  await check('namespaces() finds that of this process', async () => {
    const own = (await namespaces()).found.find((one) => one.own);
    assert.equal(readlinkSync('/proc/self/ns/net'), `net:[${own?.ino}]`);
  });
  await check('probe()', async () => {
    const before = openSockets();
    const found = await probe();
    assert.equal(found.release, release());
    assert.deepEqual([found.families.inet, found.families.unix], [{ supported: true }, { supported: true }]);
    assert.equal(found.protocols.tcp.supported, true);
    assert.equal(openSockets(), before);
  });
  await check('a namespace that does not exist is a SockDiagError with its code', async () => {
    await assert.rejects(dumpUnix({ netns: '/nonexistent/netns' }).toArray(), (error) => {
      assert.ok(error instanceof SockDiagError);
      assert.deepEqual([error.code, error.syscall, error.unsupported], ['ENOENT', 'open', undefined]);
      return true;
    });
    assert.throws(() => [...dumpUnix({ netns: '/nonexistent/netns' })], SockDiagError);
  });
}
