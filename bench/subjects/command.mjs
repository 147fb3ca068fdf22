/** A whole command, from its start to its end: what it prints is read, and its lines are counted. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { PLAIN_ENVIRONMENT } from '../environment.mjs';

const OURS = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** @type {Record<string, readonly string[]>} */
const COMMANDS = { ss: ['ss'], sockdiag: [process.execPath, OURS] };

const OPTIONS = { tcp: '-tanH', owners: '-tanpH' };

const LINE_BREAK = 10;

/**
 * @param {readonly string[]} command
 */
async function lines([program = '', ...words]) {
  const child = spawn(program, words, {
    env: PLAIN_ENVIRONMENT,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'close');
  let count = 0;
  for await (const bytes of child.stdout) {
    for (let at = bytes.indexOf(LINE_BREAK); at >= 0; at = bytes.indexOf(LINE_BREAK, at + 1)) count += 1;
  }
  const [code] = await ended;
  if (code !== 0) throw new Error(`${program} ended with ${code}`);
  return count;
}

/**
 * @param {'tcp' | 'owners'} kind
 * @param {string} name
 * @returns {import('./subject.mjs').Subject}
 */
export function create(kind, name) {
  const command = [...(COMMANDS[name] ?? []), OPTIONS[kind]];
  return {
    run: () => lines(command),
    tiny: () => lines([...command, 'state', 'listening']),
  };
}
