/** What works here: compared with what works when it is tried. */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { release } from 'node:os';

import { describe, expect, test } from 'vitest';
import { type BytecodeOp, CODES } from '../lib/filter/program.js';
import {
  type Dump,
  dumpDccp,
  dumpMptcp,
  dumpNetlink,
  dumpPacket,
  dumpRaw,
  dumpSctp,
  dumpSmc,
  dumpTcp,
  dumpTipc,
  dumpUdp,
  dumpUdpLite,
  dumpUnix,
  dumpVsock,
  dumpXdp,
  type Probe,
  probe,
  type SockDiagError,
} from '../lib/index.js';
import { askForNothing } from '../lib/inet/dump.js';
import { TCP } from '../lib/inet/tcp.js';
import { lackOf, skip } from './tools.js';

const isRoot = process.getuid?.() === 0;

/** Runs a script that may use `probe` and `print`, and gives the lines of JSON that it wrote. */
function script(code: string, ...around: string[]): { lines: unknown[]; stderr: string } {
  const program = `
    const { probe } = await import('./dist/index.js');
    const print = (value) => console.log(JSON.stringify(value));
    ${code}`;
  const words = [...around, process.execPath, '--input-type=module', '-e', program];
  const { stdout, stderr } = spawnSync(words[0] as string, words.slice(1), {
    encoding: 'utf8',
    timeout: 30_000,
  });
  return {
    lines: stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line)),
    stderr,
  };
}

test('families and protocols are those of which a dump can be read, with the same reason where not', async () => {
  const found = await probe();
  expect(found.release).toBe(release());
  const dumps: Record<string, [Probe['families'][keyof Probe['families']], Dump<unknown>]> = {
    unix: [found.families.unix, dumpUnix()],
    packet: [found.families.packet, dumpPacket()],
    netlink: [found.families.netlink, dumpNetlink()],
    vsock: [found.families.vsock, dumpVsock()],
    xdp: [found.families.xdp, dumpXdp()],
    smc: [found.families.smc, dumpSmc()],
    tipc: [found.families.tipc, dumpTipc()],
    inet: [found.families.inet, dumpTcp({ family: 'inet' })],
    inet6: [found.families.inet6, dumpTcp({ family: 'inet6' })],
    tcp: [found.protocols.tcp, dumpTcp()],
    udp: [found.protocols.udp, dumpUdp()],
    udplite: [found.protocols.udplite, dumpUdpLite()],
    raw: [found.protocols.raw, dumpRaw()],
    sctp: [found.protocols.sctp, dumpSctp()],
    dccp: [found.protocols.dccp, dumpDccp()],
    mptcp: [found.protocols.mptcp, dumpMptcp()],
  };
  expect(Object.keys(dumps).length).toBe(
    Object.keys(found.families).length + Object.keys(found.protocols).length,
  );
  for (const [name, [support, dump]] of Object.entries(dumps)) {
    const error = await dump.toArray().then(
      () => undefined,
      (thrown: SockDiagError) => thrown,
    );
    expect(support, name).toEqual(
      error === undefined ? { supported: true } : { supported: false, reason: error.message },
    );
  }
});

test('each instruction is asked for, and one that no kernel has is refused', async () => {
  const { bytecode } = await probe();
  expect(Object.keys(bytecode).sort()).toEqual(Object.keys(CODES).sort());
  const beyond = Math.max(...Object.values(CODES)) + 1;
  expect(() => askForNothing('inet', TCP, { program: new Uint8Array([beyond, 4, 8, 0]) })).toThrow(/EINVAL/);
  // All that this version uses are older than Linux 5.8, but for cgroups that a kernel is built without.
  for (const op of Object.keys(bytecode) as BytecodeOp[]) {
    if (isRoot || op !== 'MARK_COND') expect(bytecode[op], op).toEqual({ supported: true });
  }
});

describe.skipIf(!isRoot && skip('to become nobody needs root'))('without privilege', () => {
  test('what needs one is told', () => {
    const { lines, stderr } = script(`
      process.setgroups([]); process.setgid(65534); process.setuid(65534);
      const { bytecode, capabilities, destroy, events } = await probe();
      print([bytecode.MARK_COND, bytecode.S_EQ, capabilities, destroy.tcp, events.tcp]);
      await probe({ netns: 1 }).catch(({ code, message }) => print([code, message]));`);
    expect(stderr).toBe('');
    expect(lines[0]).toEqual([
      { supported: true, needs: 'CAP_NET_ADMIN' },
      { supported: true },
      { netAdmin: false, sysAdmin: false, sysPtrace: false, bpf: false },
      { supported: true, needs: 'CAP_NET_ADMIN' },
      { supported: true },
    ]);
    expect(lines[1]).toEqual(['EACCES', expect.stringContaining('CAP_SYS_PTRACE')]);
  });
});

describe.skipIf(lackOf('strace'))('under strace', () => {
  test('nothing that exists is asked to be destroyed', () => {
    const { stderr } = script(
      'await probe();',
      'strace',
      '-f',
      '-qq',
      '-v',
      '-e',
      'trace=sendto',
      '-e',
      'signal=none',
    );
    const sent = stderr.split('\n').filter((line) => line.includes('SOCK_DESTROY'));
    expect(sent.map((line) => /sdiag_protocol=(\w+)/.exec(line)?.[1])).toEqual([
      'IPPROTO_TCP',
      'IPPROTO_UDP',
      'IPPROTO_RAW',
    ]);
    for (const line of sent) {
      expect(line).toContain('id={idiag_sport=htons(0), idiag_dport=htons(0)');
      expect(line).toContain('idiag_cookie=[4294967294, 4294967295]');
    }
  });

  test('without sock_diag at all, nothing works, and each tells why', () => {
    const { lines } = script(
      'const { families, protocols, bytecode, destroy, events } = await probe(); print([families, protocols, bytecode, destroy, events]);',
      ...['strace', '-f', '-qq', '-o', '/dev/null', '-e', 'inject=socket:error=EPROTONOSUPPORT'],
    );
    for (const support of (lines[0] as object[]).flatMap((part) => Object.values(part))) {
      expect(support).toEqual({
        supported: false,
        reason: expect.stringContaining('this system has no NETLINK_SOCK_DIAG, as in gVisor'),
      });
    }
  });
});

test.skipIf(lackOf('strace'))('a trouble of the moment is not taken for what is missing', () => {
  const { lines } = script(
    'await probe().then(print, ({ name, code }) => print([name, code]));',
    ...['strace', '-f', '-qq', '-o', '/dev/null', '-e', 'inject=socket:error=EMFILE:when=3+'],
  );
  expect(lines).toEqual([['SockDiagError', 'EMFILE']]);
});

test('nothing is left open, and wrong arguments are refused', async () => {
  await probe();
  const before = readdirSync('/proc/self/fd').length;
  for (let i = 0; i < 20; i++) await probe();
  expect(readdirSync('/proc/self/fd').length).toBe(before);
  await expect(probe({ family: 'inet' } as never)).rejects.toThrow("there is no option 'family'");
  await expect(probe({ netns: '/no/such/file' })).rejects.toMatchObject({ code: 'ENOENT', syscall: 'open' });
});
