/**
 * Checks sockdiag as an installed package, in whichever runtime this is: `core.mjs [options]`. It needs nothing else, and
 * prints a line a check, and at the end one of JSON.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';

import { end } from './core/checks.mjs';
import { checkDumps } from './core/dumps.mjs';
import { checkEmulated } from './core/emulated.mjs';
import { checkLoading, checkRefused } from './core/loading.mjs';
import { checkLookups } from './core/lookups.mjs';
import { checkLanguages, checkOthers } from './core/others.mjs';
import { checkRecordings, decodeAll } from './core/recordings.mjs';
import { loadedAddon, NAME, VERSION } from './core/runtime.mjs';
import { makeSockets } from './core/sockets.mjs';
import { checkAgainstSs } from './core/ss.mjs';
import { checkWatching } from './core/watching.mjs';
import { checkWorkers } from './core/workers.mjs';

const { values } = parseArgs({
  options: {
    /** Which C library the process has. */
    libc: { type: 'string', default: 'glibc' },
    /** A folder of recordings, and a file with what comes of them, which `--write` writes. */
    recordings: { type: 'string' },
    expected: { type: 'string', default: '' },
    write: { type: 'boolean', default: false },
    /** Paths, since only the runtime need be in PATH. */
    ss: { type: 'string' },
    unshare: { type: 'string' },
    /** There is no netlink here. */
    emulated: { type: 'boolean', default: false },
    /** SOCKDIAG_ADDON names an addon that cannot be loaded. */
    refused: { type: 'boolean', default: false },
  },
});

async function live() {
  const directory = mkdtempSync(join(tmpdir(), 'sockdiag-core-'));
  process.on('exit', () => rmSync(directory, { recursive: true }));
  const sockets = await makeSockets(directory);
  await checkDumps(sockets);
  await checkLookups(sockets);
  await checkOthers(sockets);
  await checkWatching();
  await checkWorkers(values.unshare);
  await checkAgainstSs(values.ss);
}

async function all() {
  await checkLoading(values.libc);
  await checkLanguages();
  if (values.recordings !== undefined) await checkRecordings(values.recordings, values.expected);
  if (values.emulated) await checkEmulated();
  else await live();
}

if (values.write) writeFileSync(values.expected, JSON.stringify(await decodeAll(values.recordings ?? '')));
else if (values.refused) await checkRefused();
else await all();
end({ runtime: NAME, version: VERSION, arch: process.arch, addon: loadedAddon() });
