/** Which addon is loaded, and when. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import process from 'node:process';

import { dumpUnix, SockDiagError } from 'sockdiag';

import { check } from './checks.mjs';
import { loadedAddon } from './runtime.mjs';

function load() {
  try {
    for (const _ of dumpUnix()) break;
  } catch (error) {
    // Which is what an emulator says, and not before there is an addon.
    if (!(error instanceof SockDiagError) || error.unsupported !== 'sock_diag') throw error;
  }
}

/** @param {string} libc which the process is known to have */
export async function checkLoading(libc) {
  await check('importing loads no addon, and the first dump that of this platform', () => {
    assert.equal(loadedAddon(), undefined);
    load();
    assert.equal(loadedAddon(), `linux-${process.arch}/sockdiag.${libc}.node`);
  });
}

/** With an addon for another C library in SOCKDIAG_ADDON. */
export async function checkRefused() {
  await check('an addon for another C library is refused', () => {
    const file = process.env['SOCKDIAG_ADDON'] ?? '';
    assert.ok(existsSync(file));
    assert.throws(load, (error) => {
      assert.ok(error instanceof SockDiagError);
      assert.equal(error.code, 'ERR_SOCKDIAG_ADDON');
      assert.ok(error.message.includes(file));
      return true;
    });
    assert.equal(loadedAddon(), undefined);
  });
}
