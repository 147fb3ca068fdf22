/** The live view in a terminal: what its keys do, what its screens say, and what it leaves behind. */
import { execFileSync, spawnSync } from 'node:child_process';
import process from 'node:process';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { lackOf, lackOfWorld } from '../tools.js';
import { Stage } from '../world/stage.js';
import { type Size, Terminal } from '../world/terminal.js';

const WIDE: Size = { columns: 120, rows: 30 };

/** A few connections, over two of which something is sent, and a listener. Names may hold anything. */
const WORLD = `
  import threading, time, ctypes
  ctypes.CDLL(None).prctl(15, b'evil\\x1b[31mname', 0, 0, 0)
  busy = listener('127.0.0.1', 4001)
  pair = connection(busy, '127.0.0.1')
  slow = listener('::1', 4002)
  six = connection(slow, '::1')
  idle = listener('127.0.0.2', 4003)
  still = connection(idle, '127.0.0.2')
  udp = datagram('127.0.0.1', 4005)
  asked = datagram('127.0.0.1', 4006, ('127.0.0.1', 4005))
  name = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
  name.bind('\\0top\\x1b[2Jname')

  def pump(ends, size):
      client, server = ends
      while True:
          client.send(b'x' * size)
          server.recv(1 << 20)
          time.sleep(0.02)

  for ends, size in ((pair, 5000), (six, 500)):
      threading.Thread(target=pump, args=(ends, size), daemon=True).start()
`;

/** Chooses a colour of the terminal's own. */
const COLOUR = new RegExp(`${String.fromCharCode(0x1b)}\\[[0-9;]*3[1-6]m`);

const lacksTools = lackOfWorld() || lackOf('tmux', 'stty');

describe.skipIf(lacksTools)('in a namespace', () => {
  let stage: Stage;
  const terminals: Terminal[] = [];
  beforeAll(async () => {
    stage = await Stage.open();
    await stage.run(WORLD);
  });
  afterAll(() => stage?.close());
  const closeAll = async (): Promise<void> => {
    for (const terminal of terminals.splice(0)) await terminal.close();
  };

  const inside = (): string => `nsenter --net=/proc/${stage.pid}/ns/net`;

  function start(words = '', environment = '', size = WIDE): Terminal {
    const plain = 'env -u NO_COLOR -u FORCE_COLOR LC_ALL=C.UTF-8';
    const terminal = Terminal.open(
      `${plain} ${environment} ${inside()} ${process.execPath} dist/cli/main.js top --interval 0.2 ${words}`,
      size,
    );
    terminals.push(terminal);
    return terminal;
  }

  const ss = (...words: string[]): string[] => {
    const [program = '', ...args] = [...inside().split(' '), 'ss', '-Hn', ...words];
    return execFileSync(program, args, { encoding: 'utf8' }).trim().split('\n');
  };

  describe('its keys', () => {
    // A terminal each: what one test leaves on the screen is no other's business.
    let terminal: Terminal;
    beforeEach(async () => {
      terminal = start('-n -t');
      await terminal.until(/Sent \d.*B\/s/);
    });
    afterEach(closeAll);

    /** The lines of the table below the heading, and their cells. */
    const linesOf = (screen: string): string[] => {
      const lines = screen.split('\n');
      const below = lines.slice(lines.findIndex((line) => /Sent\/s/.test(line)) + 1);
      return below.filter(
        (line) => /^[> ] \S/.test(line) && !/reading|there are no|no socket fits/.test(line),
      );
    };
    const rowsOf = (screen: string): string[][] =>
      linesOf(screen).map((line) => line.slice(2).trim().split(/\s+/));
    const headingOf = (screen: string): string => /^.*Sent\/s.*$/m.exec(screen)?.[0] ?? '';
    const cursorOf = (screen: string): number => linesOf(screen).findIndex((line) => line.startsWith('>'));
    const filterBy = async (text: string): Promise<void> => {
      terminal.press('/', 'C-u');
      terminal.type(text);
      terminal.press('Enter');
      await terminal.until((screen) => screen.includes(`filter: ${text}`) && !/^Filter:/m.test(screen));
    };

    test('shows the sockets that ss shows, the busiest first, with their rates', async () => {
      const isOfBusy = (cells: string[] = []): boolean => / 127\.0\.0\.1:4001 /.test(` ${cells.join(' ')} `);
      // Who has to wait for a processor sends nothing for that long, and is not the busiest.
      const screen = await terminal.until((it) => {
        const [first, second] = rowsOf(it);
        return isOfBusy(first) && isOfBusy(second) && /127\.0\.0\.1:4001 +\d\S*ms +\d+(\.\d+)?k/.test(it);
      });
      const pairs = ss('-t').map((line) => line.trim().split(/\s+/).slice(3, 5).join(' '));
      const shown = rowsOf(screen).map((cells) => cells.slice(1, 3).join(' '));
      expect([...shown].sort()).toEqual([...pairs].sort());
      expect(screen).toMatch(/^6 sockets {2}ESTAB 6$/m);
      expect(screen).toMatch(/[▁▂▃▄▅▆▇█]/);
      // Idle ones have a rate, of nothing.
      expect(screen).toMatch(/127\.0\.0\.2:4003 +\d\S*ms +0 +0 /);
    });

    test('tells who holds them, and never lets a name act on the terminal', async () => {
      const screen = await terminal.until(/evil/);
      expect(screen).toMatch(/evil\\x1b\[/);
      expect(terminal.picture).not.toContain('\x1b[31mname');
    });

    test('moves the cursor', async () => {
      // Into an order that does not change.
      terminal.press('s');
      await terminal.until(/sorted by state/);
      terminal.press('Home');
      await terminal.until((screen) => cursorOf(screen) === 0);
      for (const [key, place] of [
        ['Down', 1],
        ['j', 2],
        ['k', 1],
        ['Up', 0],
        ['End', 5],
        ['Home', 0],
        ['NPage', 5],
        ['PPage', 0],
      ] as const) {
        terminal.press(key);
        await terminal.until((screen) => cursorOf(screen) === place);
      }
    });

    test('sorts', async () => {
      expect(headingOf(terminal.screen)).toMatch(/Sent\/s▼ Recv\/s▼/);
      terminal.press('s');
      await terminal.until(/sorted by state/);
      terminal.press('>', '>');
      const screen = await terminal.until(/sorted by remote address/);
      const remotes = rowsOf(screen).map((cells) => (cells[2] as string).replace(/:\d+$/, ''));
      expect(remotes).toEqual(['127.0.0.1', '127.0.0.1', '127.0.0.1', '127.0.0.2', '[::1]', '[::1]']);
      terminal.press('r');
      expect(await terminal.until(/sorted by remote address, reversed/)).toMatch(/Remote▼/);
      terminal.press('<');
      await terminal.until(/sorted by local address/);
      terminal.press('<', '<');
      await terminal.until(/sorted by traffic/);
    });

    test('puts sockets together, and takes them apart', async () => {
      terminal.press('g');
      const processes = await terminal.until(/by process/);
      expect(rowsOf(processes)).toHaveLength(1);
      expect(processes).toMatch(/^> evil\S+\/\d+ +6 /m);
      terminal.press('g');
      const remotes = await terminal.until(/by remote address/);
      expect(remotes).toMatch(/^[> ] 127\.0\.0\.1 +3 /m);
      expect(remotes).toMatch(/^[> ] ::1 +2 /m);
      terminal.press('4');
      const spaces = await terminal.until(
        (screen) => /by network namespace/.test(screen) && /this one/.test(screen),
      );
      expect(spaces).toMatch(/net:\[\d+\] \(this one\) +6 /);
      terminal.press('3');
      await terminal.until(/by remote address/);
      await terminal.until((screen) => {
        if (/^> 127\.0\.0\.1 /m.test(screen)) return true;
        terminal.press('Home');
        return false;
      });
      terminal.press('Enter');
      const within = await terminal.until((screen) => / of 127/.test(screen) && rowsOf(screen).length === 3);
      expect(within).toMatch(/sockets {2}of 127\.0\.0\.1 /);
      const inGroup = rowsOf(within).map((cells) => cells[2]?.replace(/:\d+$/, ''));
      expect(inGroup).toEqual(['127.0.0.1', '127.0.0.1', '127.0.0.1']);
      terminal.press('Escape');
      await terminal.until(/by remote address/);
      terminal.press('1');
      await terminal.until((screen) => rowsOf(screen).length === 6);
    });

    test('tells all of one socket', async () => {
      await filterBy('dport = :4001');
      await terminal.until((screen) => rowsOf(screen).length === 1);
      const sent = (): number => Number(/bytes_acked:(\d+)/.exec(ss('-tiO', 'dport = :4001').join())?.[1]);
      const before = sent();
      terminal.press('Enter');
      const screen = await terminal.until(/bytes_acked:\d+/);
      const told = Number(/bytes_acked:(\d+)/.exec(screen)?.[1]);
      expect(told).toBeGreaterThanOrEqual(before);
      expect(told).toBeLessThanOrEqual(sent());
      const [, cookie = '', inode = ''] =
        /ino:(\d+) sk:([0-9a-f]+)/.exec(ss('-te', 'dport = :4001').join()) ?? [];
      expect(screen).toContain(`ino:${cookie} sk:${inode}`);
      expect(screen).toMatch(/^Socket {4}tcp 127\.0\.0\.1:\d+ - 127\.0\.0\.1:4001$/m);
      expect(screen).toMatch(/^Owners {4}evil\S+ \(pid \d+, fd \d+\)$/m);
      expect(screen).toMatch(/^Memory {4}skmem:\(r\d+,/m);
      expect(screen).toMatch(/^Sent {6}\S+B\/s +[▁-█ ]*[▁-█]$/m);
      terminal.press('Escape');
      await terminal.until((later) => !/^Socket /m.test(later));
    });

    test('edits the filter in place', async () => {
      await filterBy('dport = :4001');
      terminal.press('/');
      await terminal.until(/^Filter: dport = :4001/m);
      terminal.press('C-u');
      terminal.type('dport ~ :443');
      terminal.press('Enter');
      const wrong = await terminal.until(/found '~', but expected/);
      const lines = wrong.split('\n');
      const at = lines.findIndex((line) => line.startsWith('Filter: dport ~'));
      expect(lines[at + 1]).toBe(`${' '.repeat('Filter: dport '.length)}^`);
      terminal.press('Escape');
      const kept = await terminal.until((screen) => !/^Filter:/m.test(screen));
      expect(kept).toMatch(/filter: dport = :4001/);
      await filterBy('dport = :1');
      await terminal.until(/no socket fits the filter/);
      terminal.press('/', 'C-u', 'Enter');
      await terminal.until((screen) => /no filter/.test(screen) && rowsOf(screen).length === 6);
    });

    test('the cursor stays on a row when there are fewer', async () => {
      terminal.press('l');
      await terminal.until((screen) => rowsOf(screen).length === 3);
      await stage.run("more = [listener('127.0.0.3') for _ in range(5)]");
      await terminal.until((screen) => rowsOf(screen).length === 8);
      terminal.press('End');
      await terminal.until((screen) => cursorOf(screen) === 7);
      await stage.run('for one in more: one.close()');
      await terminal.until((screen) => rowsOf(screen).length === 3 && cursorOf(screen) === 2);
    });

    test('chooses the states', async () => {
      terminal.press('l');
      const listening = await terminal.until((screen) => rowsOf(screen).length === 3);
      expect(listening).toMatch(/^3 sockets {2}LISTEN 3$/m);
      expect(listening).toMatch(/listening sockets/);
      terminal.press('l');
      await terminal.until(/^9 sockets {2}ESTAB 6 {2}LISTEN 3$/m);
      terminal.press('l');
      await terminal.until(/^6 sockets/m);
    });

    test('pauses, and goes on', async () => {
      terminal.press('p');
      const paused = await terminal.until(/PAUSED/);
      const rates = (screen: string): string => JSON.stringify(rowsOf(screen));
      await stage.run(`again = connection(idle, '127.0.0.2')`);
      expect(rates(terminal.screen)).toBe(rates(paused));
      terminal.press('Space');
      try {
        await terminal.until(/^8 sockets/m);
      } finally {
        await stage.run(`
          for end in again: end.close()
        `);
      }
      await terminal.until((screen) => !/PAUSED/.test(screen) && /^6 sockets/m.test(screen));
    });

    test('has other intervals, and tells its keys', async () => {
      terminal.press('+');
      await terminal.until(/every 0\.5 s/);
      terminal.press('-');
      await terminal.until(/every 0\.2 s/);
      terminal.press('?');
      await terminal.until(/edit the filter: Enter applies it/);
      terminal.press('q');
      await terminal.until((screen) => rowsOf(screen).length === 6 && !/edit the filter:/.test(screen));
    });

    test('fits into whatever room there is', async () => {
      terminal.resize({ columns: 60, rows: 20 });
      const medium = await terminal.until((screen) =>
        /State +Remote +Sent\/s▼ +Recv\/s▼ +Process$/m.test(screen),
      );
      expect(rowsOf(medium)).toHaveLength(6);
      terminal.resize({ columns: 40, rows: 12 });
      const narrow = await terminal.until((screen) => /^ {2}Remote +Sent\/s▼ +Recv\/s▼$/m.test(screen));
      for (const line of narrow.split('\n')) expect(line.length).toBeLessThan(40);
      expect(rowsOf(narrow)).toHaveLength(6);
      terminal.resize({ columns: 20, rows: 6 });
      await terminal.until((screen) => /^> \S+/m.test(screen) && screen.split('\n').length <= 7);
      terminal.resize({ columns: 220, rows: 30 });
      const all = await terminal.until((screen) => /Netid +State +Local +Remote +RTT/.test(screen));
      expect(headingOf(all)).toMatch(/Retr +Recv-Q +Send-Q +Process/);
      expect(rowsOf(all)).toHaveLength(6);
    });

    test('ends, and leaves the terminal as it was', async () => {
      expect(terminal.tell('alternate_on')).toBe('1');
      terminal.press('q');
      const screen = await terminal.until(/status \d+/);
      expect(screen.trim()).toBe('status 0');
      expect([terminal.tell('alternate_on'), terminal.tell('cursor_flag')]).toEqual(['0', '1']);
    });
  });

  describe('what it leaves behind', () => {
    afterEach(closeAll);

    /** Whether lines are edited and letters shown, as tmux's terminal is told by stty. */
    const modes = (terminal: Terminal): string =>
      execFileSync('stty', ['-a', '-F', terminal.tell('pane_tty')], { encoding: 'utf8' });

    test.each([
      ['SIGINT', 130],
      ['SIGTERM', 143],
      ['SIGHUP', 129],
    ] as const)('after %s', async (signal, status) => {
      const terminal = start();
      await terminal.until(/Sent \d.*B\/s/);
      expect(modes(terminal)).toMatch(/ -icanon/);
      process.kill(terminal.child, signal);
      const screen = await terminal.until(/status \d+/);
      expect(screen).toContain(`status ${status}`);
      expect(screen).not.toMatch(/Sent\/s/);
      expect([terminal.tell('alternate_on'), terminal.tell('cursor_flag')]).toEqual(['0', '1']);
      expect(modes(terminal)).toMatch(/ icanon/);
      expect(modes(terminal)).toMatch(/ echo /);
    });

    test('after Ctrl-C', async () => {
      const terminal = start();
      await terminal.until(/Sent \d.*B\/s/);
      terminal.press('C-c');
      expect((await terminal.until(/status \d+/)).trim()).toBe('status 0');
    });

    test('while it is stopped', async () => {
      const terminal = start();
      await terminal.until(/Sent \d.*B\/s/);
      const { child } = terminal;
      terminal.press('C-z');
      await terminal.until(() => terminal.tell('alternate_on') === '0');
      expect(modes(terminal)).toMatch(/ icanon/);
      process.kill(child, 'SIGCONT');
      await terminal.until((screen) => terminal.tell('alternate_on') === '1' && /Sent\/s/.test(screen));
    });

    test('what is wrong is told on the screen, which goes on', async () => {
      const terminal = start('-N sockdiag-test-none');
      const screen = await terminal.until(/^! /m);
      expect(screen).toMatch(/nothing could be read/);
      expect(screen).toMatch(/^! .*sockdiag-test-none/m);
      terminal.press('q');
      await terminal.until(/status 0/);
    });
  });

  test('a namespace that goes leaves its last table, and a word of it', async () => {
    const name = `sockdiag-top-${process.pid}`;
    execFileSync('ip', ['netns', 'add', name]);
    let isThere = true;
    const remove = (): void => {
      if (isThere) execFileSync('ip', ['netns', 'delete', name]);
      isThere = false;
    };
    try {
      await stage.run(`
        held = subprocess.Popen(['nsenter', '--net=/run/netns/${name}', 'python3', '-c', '''
        import socket, time
        waiting = socket.socket()
        waiting.bind(('', 4444))
        waiting.listen()
        time.sleep(60)
        '''.replace('        ', '')])
      `);
      const terminal = start(`-tln -N ${name}`);
      await terminal.until(/LISTEN +\*:4444/);
      remove();
      const screen = await terminal.until(/^! .*no network namespace at/m);
      expect(screen).toMatch(/LISTEN +\*:4444/);
      await stage.run(`held.kill(); held.wait()`);
    } finally {
      remove();
      closeAll();
    }
  });

  describe('in other surroundings', () => {
    afterEach(closeAll);

    test('without colours', async () => {
      const coloured = start();
      await coloured.until(/Sent \d.*B\/s/);
      expect(coloured.picture).toMatch(COLOUR);
      // A terminal is one in a hosted build too, and by whatever chalk asks for.
      const hosted = start('', 'CI=true FORCE_COLOR=0');
      await hosted.until(/Sent \d.*B\/s/);
      expect(hosted.picture).toMatch(COLOUR);
      const plain = start('', 'NO_COLOR=1');
      await plain.until(/Sent \d.*B\/s/);
      expect(plain.picture).not.toMatch(COLOUR);
      expect(plain.screen).toMatch(/^> /m);
    });

    test('without UTF-8', async () => {
      const terminal = start('', 'LC_ALL=C');
      const screen = await terminal.until(/Sent \d.*B\/s +[_.\-:=+*#]/);
      expect(screen).toMatch(/^[\x20-\x7e\n]*$/);
    });

    test('with unix sockets, whose names may be anything', async () => {
      const terminal = start('-xa');
      expect(await terminal.until(/@top/)).toContain('@top\\x1b[2Jname');
    });

    test('where CI is said to be', async () => {
      const terminal = start('', 'CI=true');
      await terminal.until(/Sent \d.*B\/s/);
    });

    /** Without a terminal. */
    const once = (
      words: string,
      environment: NodeJS.ProcessEnv = {},
    ): { status: number | null; stdout: string; stderr: string } => {
      const [program = '', ...args] = [
        ...inside().split(' '),
        // So long that whoever sends has a processor for a part of it.
        ...[process.execPath, 'dist/cli/main.js', 'top', '-n', '--interval', '1'],
        ...words.split(' ').filter((word) => word !== ''),
      ];
      const { status, stdout, stderr } = spawnSync(program, args, {
        encoding: 'utf8',
        env: { ...process.env, ...environment },
      });
      return { status, stdout, stderr };
    };

    test('where output is no terminal, it is one table', () => {
      const { status, stdout, stderr } = once('-t');
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(stdout).toMatch(/^[\x20-\x7e\n]*$/);
      const [states, rates, blank, heading, ...rows] = stdout.trimEnd().split('\n');
      expect(states).toBe('6 sockets  ESTAB 6');
      expect(rates).toMatch(/^Sent \S+B\/s {2}Received \S+B\/s$/);
      expect(blank).toBe('');
      expect(heading).toMatch(
        /^Netid +State +Local +Remote +RTT +Sent\/s +Recv\/s +Retr +Recv-Q +Send-Q +Process$/,
      );
      expect(rows).toHaveLength(6);
      expect(rows.join('\n')).toMatch(/^tcp +ESTAB +\S+ +127\.0\.0\.1:4001 +\S+ms +[\d.]+k/m);
    });

    test('of UDP sockets there is nothing to count, and that is no 0', () => {
      const { stdout } = once('-u');
      expect(stdout).toMatch(/^udp +ESTAB +127\.0\.0\.1:4006 +127\.0\.0\.1:4005 +0 +0 +evil/m);
      expect(stdout).toMatch(/^Sent -B\/s {2}Received -B\/s$/m);
    });

    test('--once, and a terminal that cannot be drawn upon', async () => {
      for (const [words, environment] of [
        ['--once', ''],
        ['', 'TERM=dumb'],
      ] as const) {
        const terminal = start(words, environment);
        const screen = await terminal.until(/status \d/);
        expect(screen).toMatch(/^7 sockets {2}ESTAB 7$/m);
        expect(screen).toMatch(/status 0/);
        expect(terminal.picture).not.toContain('\x1b[');
      }
    });

    test('what cannot be read is an error', () => {
      const { status, stdout, stderr } = once('-N sockdiag-test-none');
      expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
      expect(stderr).toMatch(/^sockdiag: .*sockdiag-test-none.*\n$/);
    });
  });
});

test.each([
  'top --interval 0',
  'top --interval x',
  'top --interval 1e9',
  'top -K',
  'top -s',
  'top -0',
  'top -f netlink',
  'top --json',
  'top dport ~ 1',
  '--once',
  '--interval 1',
  'wait --once',
])('%s makes no sense', (words) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['dist/cli/main.js', ...words.split(' ')], {
    encoding: 'utf8',
  });
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toMatch(/^sockdiag: .*\n$/);
});
