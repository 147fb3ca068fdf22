/** `fallback: 'proc'`: what is read where netlink is not supported, and only there. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import {
  type Dump,
  dumpNetlink,
  dumpPacket,
  dumpRaw,
  dumpTcp,
  dumpUdp,
  dumpUdpLite,
  dumpUnix,
} from '../../lib/index.js';
import { askKernel, type Instead } from '../../lib/netlink/live.js';
import { type ProcUdpMsg, udpTable } from '../../lib/proc/inet.js';
import { openTable } from '../../lib/proc/table.js';
import { openFiles, openSockets } from '../descriptors.js';
import { hasRawHandler, lackOf } from '../tools.js';

/** Runs a script in a process whose system calls are tampered with; gives the lines that it prints, which are JSON. */
function tampered(injection: string, script: string): unknown[] {
  const program = `
    import * as sockdiag from './dist/index.js';
    import { readdirSync, readlinkSync } from 'node:fs';
    const print = (value) => console.log(JSON.stringify(value));
    ${script}`;
  const options = ['-f', '-qq', '-o', '/dev/null', '-e', injection];
  const words = [...options, process.execPath, '--input-type=module', '-e', program];
  const { stdout, stderr } = spawnSync('strace', words, { encoding: 'utf8' });
  expect(stderr).toBe('');
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

describe.skipIf(lackOf('strace'))('where netlink sockets cannot be made', () => {
  const server = createServer();
  let port: number;
  beforeAll(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  });
  afterAll(() => void server.close());

  test.each(['EPROTONOSUPPORT', 'EAFNOSUPPORT'])('%s: the tables are read', (code) => {
    const lines = tampered(
      `inject=socket:error=${code}`,
      `const port = ${port};
       const filter = 'sport = :' + port;
       for (const options of [{}, { states: ['LISTEN'] }, { filter }, { owners: true, show: ['info', 'cong'] }]) {
         const dump = sockdiag.dumpTcp({ family: 'inet', fallback: 'proc', ...options });
         const wanted = ({ sport }) => sport === port;
         print([(await dump.toArray()).find(wanted), [...dump].find(wanted)]);
       }
       for (const name of ['Udp', 'UdpLite', 'Raw', 'Unix', 'Packet', 'Netlink']) {
         const records = await sockdiag['dump' + name]({ fallback: 'proc' }).toArray();
         print(records.every(({ source }) => source === 'proc'));
       }
       print(await sockdiag.dumpTcp({ fallback: 'proc' }).raw().next().then(() => sockdiag.dumpTcp().toArray()).catch((error) => error.unsupported));
       print(readdirSync('/proc/self/fd').map((fd) => { try { return readlinkSync('/proc/self/fd/' + fd); } catch { return ''; } }).filter((path) => path.includes('/net/')));`,
    );
    const own = { source: 'proc', state: 'LISTEN', src: '127.0.0.1' };
    for (const line of lines.slice(0, 4)) expect(line).toMatchObject([own, own]);
    expect(lines[3]).toMatchObject([{ owners: [{ comm: expect.any(String) }] }, {}]);
    expect(lines.slice(4, 10)).toEqual(new Array(6).fill(true));
    expect(lines.slice(10)).toEqual(['sock_diag', []]);
  });

  test.each(['EPERM', 'EACCES', 'EMFILE', 'ENOMEM'])('%s is an error still', (code) => {
    const lines = tampered(
      `inject=socket:error=${code}`,
      `const dump = sockdiag.dumpTcp({ fallback: 'proc' });
       print(await dump.toArray().then(() => 'no error', (error) => error.code));
       try { print([...dump]); } catch (error) { print(error.code); }`,
    );
    expect(lines).toEqual([code, code]);
  });

  test('without the option it is an error', () => {
    const lines = tampered(
      `inject=socket:error=EPROTONOSUPPORT`,
      'print(await sockdiag.dumpTcp().toArray().then(() => "no error", (error) => error.unsupported));',
    );
    expect(lines).toEqual(['sock_diag']);
  });
});

describe('where the kernel has no handler', () => {
  test('for the protocol, the tables are read', async () => {
    if (await hasRawHandler()) return;
    const before = [openSockets(), openFiles()];
    expect(await dumpRaw({ fallback: 'proc' }).toArray()).toEqual(expect.any(Array));
    expect([...dumpRaw({ fallback: 'proc', netns: process.pid })]).toEqual(expect.any(Array));
    for await (const _ of dumpRaw({ fallback: 'proc' })) break;
    expect([openSockets(), openFiles()]).toEqual(before);
  });

  test('for the family, the tables are read', async () => {
    // AX.25 has never had one.
    const payload = new Uint8Array(56);
    payload[0] = 3;
    const request = { type: 20, family: 3, headerLength: 16, payload };
    const subject = { sockets: 'sockets', family: { module: 'no_diag', option: 'CONFIG_NO_DIAG' } };
    const question = { asked: [{ request, subject }], decode: () => undefined };
    await expect(askKernel(question, {}).toArray()).rejects.toMatchObject({ unsupported: 'family' });
    const instead = openTable<ProcUdpMsg>(udpTable({})) as Instead<unknown> as Instead<never>;
    expect(await askKernel(question, { instead }).toArray()).toEqual(expect.any(Array));
  });

  test('where it has one, its records are netlink’s own', async () => {
    const dumps: Dump<{ source?: 'proc' | undefined }>[] = [
      dumpTcp({ fallback: 'proc' }),
      dumpUdp({ fallback: 'proc' }),
      dumpUdpLite({ fallback: 'proc' }),
      dumpUnix({ fallback: 'proc' }),
      dumpPacket({ fallback: 'proc' }),
      dumpNetlink({ fallback: 'proc' }),
    ];
    let records = 0;
    for (const dump of dumps) {
      for await (const record of dump) {
        expect(record).not.toHaveProperty('source');
        expect(record).toHaveProperty('cookie');
        records++;
      }
    }
    expect(records).toBeGreaterThan(0);
  });
});
