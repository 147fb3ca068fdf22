/** Importing never fails; where there is no Linux kernel to ask, the first call says so. */
import { spawnSync } from 'node:child_process';

import { expect, test } from 'vitest';

const run = (script: string) =>
  spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });

test.each(['darwin', 'win32'])('on %s, import works and the first reading throws', (platform) => {
  const { stdout, stderr } = run(`
    Object.defineProperty(process, 'platform', { value: '${platform}' });
    const { dumpTcp, SockDiagError } = await import('./dist/index.js');
    const dump = dumpTcp();
    for (const read of [() => dump.toArray(), async () => [...dump], async () => { for await (const _ of dump); }])
      await read().catch((error) => console.log(error instanceof SockDiagError, error.code, error.message));`);
  expect(stderr).toBe('');
  const line = `true ERR_SOCKDIAG_UNSUPPORTED sockdiag asks the Linux kernel, and this is ${platform} (${process.arch})\n`;
  expect(stdout).toBe(line.repeat(3));
});

test('the addon is not loaded by importing, and require gives the same module', () => {
  const { stdout, stderr } = run(`
    import { createRequire } from 'node:module';
    import { readFileSync } from 'node:fs';
    const require = createRequire(import.meta.url);
    const loaded = () => readFileSync('/proc/self/maps', 'utf8').includes('sockdiag.node');
    const { dumpUnix } = await import('sockdiag');
    console.log(loaded());
    dumpUnix()[Symbol.iterator]().next();
    console.log(loaded(), require('sockdiag').dumpUnix === dumpUnix);`);
  // Node 20 warns of require() of an ES module once.
  expect(stderr.replace(/^\(node:\d+\) ExperimentalWarning: .*\n\(Use .*\n/, '')).toBe('');
  expect(stdout).toBe('false\ntrue true\n');
});

test('the addon asks for Node-API, the C and the C++ library, and nothing else: no libuv, no V8', () => {
  const { stdout, status } = spawnSync('nm', ['-D', '--undefined-only', 'build/Release/sockdiag.node'], {
    encoding: 'utf8',
  });
  expect(status).toBe(0);
  const symbols = stdout.split('\n').flatMap((line) => / [Uw] (\S+)/.exec(line)?.[1] ?? []);
  expect(symbols.filter((symbol) => symbol.startsWith('napi_')).length).toBeGreaterThan(20);
  expect(symbols.filter((symbol) => /^uv_|2v8|4node/.test(symbol))).toEqual([]);
});

test('the addon stays in the process when the last worker that used it is gone', () => {
  const { stdout, status } = spawnSync('readelf', ['--dynamic', 'build/Release/sockdiag.node'], {
    encoding: 'utf8',
  });
  expect(status).toBe(0);
  expect(stdout).toMatch(/\(FLAGS_1\).* NODELETE/);
});
