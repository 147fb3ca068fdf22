/** owners where not all of /proc may be seen: what is not known is not said to be nobody's. */
import { spawnSync } from 'node:child_process';
import process, { getuid } from 'node:process';

import { describe, expect, test } from 'vitest';

import { isSanitized, skip } from './tools.js';

interface Who {
  uid?: number;
  gid?: number;
  groups?: number[];
}

/** Runs a script in a mount namespace of its own, after the mounts, as somebody. */
function see(mounts: string, { uid = 0, gid = uid, groups = [] }: Who, script: string): unknown[] {
  const program = `
    import { readdirSync } from 'node:fs';
    import { createServer } from 'node:net';
    import process from 'node:process';
    import { dumpTcp, dumpUnix, owners, ownersSync } from './dist/index.js';
    process.setgroups(${JSON.stringify(groups)});
    process.setgid(${gid});
    process.setuid(${uid});
    const print = (value) => console.log(JSON.stringify(value));
    const told = ({ message, ...error }) => print({ message, ...error });
    ${script}`;
  const words = ['--mount', 'sh', '-c', `${mounts}\nexec "$@"`, 'sh'];
  const { stdout, stderr } = spawnSync(
    'unshare',
    [...words, process.execPath, '--input-type=module', '-e', program],
    { encoding: 'utf8' },
  );
  expect(stderr).toBe('');
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

const NOBODY = 65534;
const nobody: Who = { uid: NOBODY };
const isRoot = getuid?.() === 0;

describe.skipIf(!isRoot && skip('to become nobody needs root'))('without any privilege', () => {
  test('its own sockets have an owner, and those of others are not said to be nobody’s', () => {
    const [counts, own, others] = see(
      '',
      nobody,
      `
      const { sockets, ...counts } = await owners();
      print(counts);
      const server = createServer().listen({ host: '127.0.0.1', port: 0 });
      await new Promise((resolve) => server.once('listening', resolve));
      const { port } = server.address();
      const [socket] = await dumpTcp({ owners: true, filter: \`sport = :\${port}\` }).toArray();
      print(socket.owners.map(({ pid }) => pid === process.pid));
      const held = await dumpUnix({ owners: true }).toArray();
      const others = held.filter(({ inode }) => !sockets.has(inode));
      print([others.length > 0, others.some((record) => 'owners' in record)]);
      server.close();`,
    ) as [Record<string, number>, boolean[], boolean[]];
    expect(counts['denied']).toBeGreaterThan(0);
    expect(counts['processes']).toBeGreaterThan(0);
    expect(own).toEqual([true]);
    expect(others).toEqual([true, false]);
  });

  test('a given process that may not be read is denied', () => {
    const script = `
      const { sockets, ...counts } = await owners({ pids: [${process.pid}] });
      print([sockets, counts]);`;
    const counts = { processes: 0, denied: 1, vanished: 0 };
    expect(see('', nobody, script)).toMatchObject([[{}, counts]]);
  });
});

const MEMBER = 4711;
const mount = (options: string) => `mount -t proc -o ${options} proc /proc`;

/** A security module may forbid that even to root. */
const mayTrace = spawnSync('readlink', ['/proc/1/exe']).status === 0;

/** Who looks at what; and whether processes of others are listed to them, which /proc itself tells. */
const sights: [mounts: string, who: Who, lists: boolean][] = [
  ['', nobody, true],
  [mount('hidepid=0'), nobody, true],
  [mount('hidepid=1'), nobody, true],
  [mount('hidepid=2'), nobody, false],
  [mount('hidepid=2'), {}, true],
  [mount('hidepid=2'), { uid: NOBODY, gid: 0 }, true],
  [mount('hidepid=2'), { uid: NOBODY, groups: [MEMBER] }, false],
  [mount(`hidepid=2,gid=${MEMBER}`), { uid: NOBODY, groups: [1, MEMBER] }, true],
  [mount(`hidepid=2,gid=${MEMBER}`), { uid: NOBODY, gid: MEMBER }, true],
  [mount(`hidepid=2,gid=${MEMBER}`), { uid: NOBODY, gid: 0 }, false],
  [mount('hidepid=4'), nobody, false],
  [mount('hidepid=4'), { uid: NOBODY, gid: 0 }, false],
  [mount('hidepid=4'), {}, mayTrace],
  [`${mount('hidepid=2')}\n${mount('hidepid=0')}`, nobody, true],
  [`${mount('hidepid=0')}\n${mount('hidepid=2')}`, nobody, false],
];

/** hidepid=4 came with Linux 5.8, and before, a mount of /proc had the options of all others. */
const lacksHidepid = () =>
  spawnSync('unshare', [
    '--mount',
    'sh',
    '-c',
    `${mount('hidepid=4')} && grep -q ptraceable /proc/self/mounts`,
  ]).status !== 0;

describe.skipIf(
  (!isRoot && skip('to mount needs root')) ||
    (lacksHidepid() && skip('this kernel has no hidepid=ptraceable')),
)('with hidepid', () => {
  // Of a pid namespace within another, nobody sees all.
  const nested =
    spawnSync('readlink', ['/proc/self/ns/pid'], { encoding: 'utf8' }).stdout !== 'pid:[4026531836]\n';

  test.each(sights)('%s, %o: whether all processes are listed is known', (mounts, who, lists) => {
    const script = `
      print(readdirSync('/proc').includes('1'));
      print((await owners()).hidden);
      print(ownersSync({ pids: [process.pid] }).hidden);`;
    const hidden = !lists || nested;
    expect(see(mounts, who, script)).toEqual([lists, hidden, hidden]);
  });

  test('what nobody is seen to hold has no owners, not an empty list of them', () => {
    const script = `
      const records = await dumpUnix({ owners: true }).toArray();
      const { sockets } = await owners();
      const others = records.filter(({ inode }) => !sockets.has(inode));
      print([others.length > 0, others.some((record) => 'owners' in record)]);`;
    expect(see(mount('hidepid=2'), nobody, script)).toEqual([[true, false]]);
  });
});

describe.skipIf(!isRoot && skip('to mount needs root'))('in a pid namespace of its own', () => {
  test('there are processes outside, and a socket of theirs is not said to be nobody’s', () => {
    const program = `
      import { dumpUnix, owners } from './dist/index.js';
      const { processes, denied, hidden } = await owners();
      const records = await dumpUnix({ owners: true }).toArray();
      console.log(JSON.stringify([processes, denied, hidden]));
      console.log(records.filter(({ owners }) => owners?.length === 0).length);`;
    const words = ['--pid', '--fork', '--mount-proc', process.execPath, '--input-type=module', '-e', program];
    const { stdout } = spawnSync('unshare', words, { encoding: 'utf8' });
    expect(stdout).toBe('[1,0,true]\n0\n');
  });
});

describe.skipIf(!isRoot && skip('to mount needs root'))('where /proc cannot be read', () => {
  const ask = `
    await owners().catch(told);
    try { ownersSync({ pids: [1] }); } catch (error) { told(error); }
    await dumpUnix({ owners: true }).toArray().catch(told);
    try { [...dumpUnix({ owners: true })]; } catch (error) { told(error); }
    print((await dumpUnix().toArray()).length > 0);`;

  // A sanitizer finds the process's memory and program there, and complains.
  const plain = test.skipIf(isSanitized('sanitizers want /proc'));

  plain.each(['mount -t tmpfs none /proc', 'umount -l /proc'])(
    'because of %s, that is an error',
    (mounts) => {
      const error = {
        message: expect.stringMatching(
          /^cannot look for the owners of sockets: no proc file system is mounted at/,
        ),
        code: 'ENOENT',
        errno: 2,
        syscall: expect.stringMatching(/^(open|fstatfs)$/),
      };
      expect(see(mounts, {}, ask)).toEqual([error, error, error, error, true]);
    },
  );

  plain('because it is not permitted, that is an error too', () => {
    const error = {
      message: 'cannot look for the owners of sockets: /proc may not be read (EACCES: open)',
      code: 'EACCES',
      errno: 13,
      syscall: 'open',
    };
    const mounts = 'mount -t tmpfs -o mode=0 none /proc';
    expect(see(mounts, nobody, ask)).toEqual([error, error, error, error, true]);
  });

  const withoutDescriptors = test.skipIf(isSanitized('sanitizers want descriptors'));

  withoutDescriptors('for lack of them too, wherever they run out', () => {
    const script = `
      import { closeSync, openSync } from 'node:fs';
      ownersSync();
      const spare = [];
      try { for (;;) spare.push(openSync('/dev/null')); } catch {}
      const codes = [];
      for (let free = 0; free <= 8; free++) {
        try { codes.push(typeof ownersSync().processes); } catch ({ code }) { codes.push(code); }
        closeSync(spare.pop());
      }
      print(codes);`;
    const [codes] = see('ulimit -n 512', {}, script) as [string[]];
    expect(codes[0]).toBe('EMFILE');
    expect(codes.at(-1)).toBe('number');
    // Once there are enough, there are.
    expect(codes.lastIndexOf('EMFILE')).toBeLessThan(codes.indexOf('number'));
  });
});
