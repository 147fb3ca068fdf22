/** A scrape of `sockdiag exporter`, over HTTP, by one connection that stays open. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, get } from 'node:http';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { PLAIN_ENVIRONMENT } from '../environment.mjs';

const COMMAND = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** Its own: the one that listens, and both ends of the connection. */
const OWN_SOCKETS = 3;

async function start() {
  const words = [COMMAND, 'exporter', '-t', '--port', '0', '--labels', 'local_port'];
  const child = spawn(process.execPath, words, {
    env: PLAIN_ENVIRONMENT,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  process.once('exit', () => child.kill());
  const [line] = await once(createInterface({ input: child.stderr }), 'line');
  const url = /http:\S+/.exec(line)?.[0];
  if (url === undefined) throw new Error(`the exporter says '${line}'`);
  return url;
}

const agent = new Agent({ keepAlive: true, maxSockets: 1 });

/** @param {string} url */
async function textOf(url) {
  const [response] = await once(get(url, { agent }), 'response');
  let text = '';
  for await (const part of response.setEncoding('utf8')) text += part;
  if (response.statusCode !== 200) throw new Error(text);
  return text;
}

/** @returns {import('./subject.mjs').Subject} */
export function create() {
  const started = start();
  return {
    async run() {
      const text = await textOf(await started);
      let count = 0;
      for (const [, value] of text.matchAll(/^sockdiag_sockets\{.*\} (\d+)$/gm)) count += Number(value);
      return count - OWN_SOCKETS;
    },
    async tiny() {
      await textOf((await started).replace('metrics', '-/healthy'));
    },
  };
}
