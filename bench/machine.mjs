/** Where and with what the figures were taken. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import os from 'node:os';
import process from 'node:process';
import { PEERS } from './peers.mjs';

const GIB = 2 ** 30;

/** @returns {Record<string, string>} */
export function describeMachine() {
  const cpus = os.cpus();
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return {
    date: new Date().toISOString(),
    cpu: `${cpus.length} × ${cpus[0]?.model.trim() ?? 'unknown'}`,
    memory: `${(os.totalmem() / GIB).toFixed(1)} GiB`,
    kernel: `${os.type()} ${os.release()} ${os.arch()}`,
    node: process.version,
    sockdiag: manifest.version,
    ss: execFileSync('ss', ['-V'], { encoding: 'utf8' }).trim(),
    ...PEERS,
  };
}

/** @param {Record<string, string>} machine */
export function machineText(machine) {
  return Object.entries(machine)
    .map(([name, value]) => `- ${name}: ${value}`)
    .join('\n');
}
