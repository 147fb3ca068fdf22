/** The command beside `ss` with the same words: the same lines, letter for letter. What may differ is in docs/ss.md. */
import { execFileSync, spawn } from 'node:child_process';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { lackOfWorld } from '../tools.js';
import { end, firstLine, startWorld, type World } from '../world/world.js';

const COMMAND = 'dist/cli/main.js';

describe.skipIf(lackOfWorld())('in the varied world', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world?.stop());

  const run = (program: readonly string[], words: readonly string[]): string =>
    execFileSync('nsenter', [`--net=/proc/${world.pid}/ns/net`, ...program, ...words], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      maxBuffer: 1 << 26,
    });

  const both = (words: string): { ours: string; theirs: string } => {
    const list = words.split(' ').map((word) => word.replaceAll('~', ' '));
    return { theirs: run(['ss'], list), ours: run([process.execPath, COMMAND], list) };
  };

  /** A socket may do something in between, such as to send again, but not every time. */
  const calm = (words: string): { ours: string; theirs: string } => {
    for (let tries = 3; tries > 1; tries -= 1) {
      const pair = both(words);
      if (pair.ours === pair.theirs) return pair;
    }
    return both(words);
  };

  // A tilde is a blank within a word.
  test.each([
    // Kinds and families.
    ...['-tan', '-uan', '-tuan', '-4an', '-6an', '-tan4', '-tan6', '-uan4', '-f inet -an', '-f inet6 -an'],
    ...['-A tcp -an', '-A udp,tcp -an', '-A inet -an', '-A unix_seqpacket -an', '-A unix_seqpacket,udp -an'],
    ...['-M -an', '-xan4 -A unix_seqpacket', '--tcp --all --numeric', '--query=tcp -an'],
    // States.
    ...['-tn', '-un', '-4n', '-tln', '-uln', '-4ln', '-ln -A unix_seqpacket', '-n -A unix_seqpacket'],
    ...[
      '-tn state established',
      '-tn state syn-recv',
      '-tn state time-wait',
      '-tn state big',
      '-tn state bucket',
    ],
    ...[
      '-tn state connected exclude established',
      '-tn state fin-wait-1 state fin-wait-2',
      '-tan exclude listening',
    ],
    ...['-n -A inet state closed', '-tn state all', '-tan state synchronized', '-uan state established'],
    // Filters.
    ...[
      '-tan sport = :24001',
      '-tan dport = :24001',
      '-tan src 127.0.0.1',
      '-tan dst [::1]',
      '-uan sport gt :34000',
    ],
    ...[
      '-tan not dport = :24001',
      '-tan (~sport~=~:24001~or~dst~[::1]~)',
      '-tan sport = :24001 or sport = :24010',
    ],
    ...[
      '-tan src 127.0.0.0/8 and dport ge :25000',
      '-4an dst 192.0.2.2',
      '-tn state established sport le :24040',
    ],
    // Details.
    ...['-tanm', '-uanm', '-tanmO', '-tanp', '-uanp', '-tan --tos', '-uan --tos', '-tan --cgroup', '-uane'],
    ...[
      '-tan --inet-sockopt',
      '-uan --inet-sockopt',
      '-tanm --inet-sockopt --tos',
      '-tanO --inet-sockopt -m --tos',
    ],
    ...[
      '-A unix_seqpacket -anm',
      '-A unix_seqpacket -anp',
      '-A unix_seqpacket -anpmO',
      '-uanpemO --cgroup --tos',
    ],
    // The form.
    ...['-tanH', '-uanH', '-tanO', '-tanpH', '-4anH', '-ta', '-ua', '-4a', '-H -tn state time-wait'],
  ])('ss %s', (words) => {
    const { ours, theirs } = calm(words);
    expect(theirs.length).toBeGreaterThan(0);
    expect(ours).toBe(theirs);
  });

  /** Without what runs down between one look and the next, and the room that it takes; and what is in a buffer. */
  const still = (text: string): string =>
    text
      .replaceAll(/timer:\((\w+),[^,]*,(\d+)\)/g, 'timer:($1,$2)')
      .replaceAll(/^(p_\w+ +\w* +)\d+|\b(r|d)\d+(?=[,)])/gm, '$1$2')
      .replaceAll(
        / (?:last(?:snd|rcv|ack)|rto|backoff|retrans|lost|unacked|(?:busy|rwnd_limited|sndbuf_limited)):\S+/g,
        '',
      )
      .replaceAll(/ +/g, ' ');

  test.each([
    ...[
      '-tano',
      '-tane',
      '-taneo',
      '-tanemo',
      '-tanemoO',
      '-tanepmo --tos --cgroup --inet-sockopt',
      '-4anoe',
    ],
    ...['-tani', '-tanio', '-tanie', '-taniO', '-4ani', '-tni state established', '-tanimeo --tos --cgroup'],
    ...['-tanipO dport = :24001', '-anim6', '-tlni --info', '-uanim'],
    ...['-0an', '-0n', '-0anH', '-f link -an', '-0ane', '-0anem', '-0anpem', '-0anemO', '-f inet -aempo -n'],
    ...[
      '-0b',
      '-0anb',
      '-0anbem',
      '-0be',
      '-0tn',
      '-f link -un',
      '-A udp -n',
      '-A p_raw -an',
      '-A inet,!udp -an',
      '-A unix,!u_str,!u_dgr,udp -an',
      '-Maine',
      '-Mi',
    ],
  ])('ss %s, but for what moves', (words) => {
    // A timer may fire in between, but not every time.
    const isSame = (): boolean => {
      const { ours, theirs } = both(words);
      return still(ours) === still(theirs);
    };
    if (isSame() || isSame() || isSame()) return;
    const { ours, theirs } = both(words);
    expect(still(ours)).toBe(still(theirs));
  });

  /** Each lists the socket that it asks with. */
  const others = (text: string): string[] =>
    still(text)
      .split('\n')
      .map((line) => line.trim())
      .filter(
        (line) =>
          !/^(?:nl )?UNCONN \d+ \d+ (?:tcpdiag|4):(?!kernel|0 )/.test(line) &&
          !/^(?:nl )?UNCONN \d+ \d+ (?:tcpdiag|4):(?:kernel|0) /.test(line),
      );

  test.each(['-f netlink -an', '-f netlink -a', '-f netlink -aen', '-f netlink -anm', '-f netlink -aemO'])(
    'ss %s, but for the sockets of sock_diag',
    (words) => {
      const { ours, theirs } = both(words);
      expect(others(ours).length).toBeGreaterThan(5);
      expect(others(ours)).toEqual(others(theirs));
    },
  );

  test('port ids of netlink that are no process ids stand as in ss', async () => {
    const script = `
import socket, sys
held = [socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) for _ in range(4)]
for one, portid in zip(held, (0, 0, 0xffffffff, 0x80000000)): one.bind((portid, 0))
print(flush=True)
sys.stdin.read()`;
    const holder = spawn('nsenter', [`--net=/proc/${world.pid}/ns/net`, 'python3', '-c', script]);
    try {
      await firstLine(holder);
      for (const words of ['-f netlink -a', '-f netlink -an']) {
        const { ours, theirs } = both(words);
        // Of one program's sockets, the second has a number that is below 0 as ss has it.
        for (const portid of [/:-\d+ /, /:\* /, /:-2147483648 /]) expect(theirs).toMatch(portid);
        expect(others(ours)).toEqual(others(theirs));
      }
    } finally {
      await end(holder);
    }
  });

  test('unix sockets whose names are plain stand as in ss', () => {
    // A name with line breaks makes two lines of one, of ss; here it is shown.
    const plain = (text: string): string[] =>
      text
        .split('\n')
        .filter((line) => /^u_\w+ +\w+ +\d+ +\d+ +(?:\*|[\w/@.-]+) \d+ +\* \d+/.test(line))
        .map((line) => line.replaceAll(/ +/g, ' ').trim());
    /** What ss makes of a device's number, which it takes for one of stat(2), and what it is. */
    const rightly = (text: string): string =>
      text.replaceAll(/ dev:(\d+)\/(\d+)/g, (_, major, minor) => {
        const number = (Number(minor) & 0xff) | (Number(major) << 8) | ((Number(minor) & 0xfff00) << 12);
        return ` dev:${number >>> 20}/${number & 0xfffff}`;
      });
    for (const words of ['-xan', '-xln', '-xn', '-xanp', '-xanm', '-xane']) {
      const { ours, theirs } = both(words);
      expect(plain(theirs).length).toBeGreaterThan(3);
      expect(plain(ours)).toEqual(plain(rightly(theirs)));
    }
  });
});
