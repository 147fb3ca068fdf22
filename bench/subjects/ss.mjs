/** The ss command, run and its text parsed into the same records, as far as it goes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { touchAll, toucher } from './subject.mjs';

/** @type {Record<string, string>} */
const STATES = {
  ESTAB: 'ESTABLISHED',
  'SYN-SENT': 'SYN_SENT',
  'SYN-RECV': 'SYN_RECV',
  'FIN-WAIT-1': 'FIN_WAIT1',
  'FIN-WAIT-2': 'FIN_WAIT2',
  'TIME-WAIT': 'TIME_WAIT',
  UNCONN: 'CLOSE',
  'CLOSE-WAIT': 'CLOSE_WAIT',
  'LAST-ACK': 'LAST_ACK',
  LISTEN: 'LISTEN',
  CLOSING: 'CLOSING',
};

/** @type {Record<string, string>} */
const UNIX_TYPES = { u_str: 'stream', u_dgr: 'dgram', u_seq: 'seqpacket' };

/** What it prints goes through a pair of unix sockets, which it finds as well. */
const OWN_PIPE = 2;

const OPTIONS = { tcp: '-tanH', owners: '-tanpH', unix: '-xanH' };
const PARSERS = { tcp: parseTcpLine, owners: parseOwnedLine, unix: parseUnixLine };

/**
 * @param {'tcp' | 'owners' | 'unix'} kind
 * @param {readonly string[]} filter
 */
async function read(kind, filter) {
  const child = spawn('ss', [OPTIONS[kind], ...filter], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [stdout, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  if (code !== 0) throw new Error(`ss ended with ${code}`);
  const parse = PARSERS[kind];
  const records = [];
  for (const line of stdout.split('\n')) if (line !== '') records.push(parse(line));
  return records;
}

/** @param {string} line */
function parseTcpLine(line) {
  const [state = '', rqueue, wqueue, local = '', remote = ''] = line.split(/ +/);
  const localColon = local.lastIndexOf(':');
  const remoteColon = remote.lastIndexOf(':');
  const is6 = local.startsWith('[') || local.startsWith('*');
  return {
    family: is6 ? 'inet6' : 'inet',
    protocol: 'tcp',
    state: STATES[state],
    src: address(local, localColon, is6),
    sport: Number(local.slice(localColon + 1)),
    dst: address(remote, remoteColon, is6),
    dport: port(remote.slice(remoteColon + 1)),
    rqueue: Number(rqueue),
    wqueue: Number(wqueue),
  };
}

/** Without the names of commands that hold anything but letters, of which there are none here. */
const OWNER = /\("([^"]*)",pid=(\d+),fd=(\d+)\)/g;

/** @param {string} line */
function parseOwnedLine(line) {
  const owners = Array.from(line.matchAll(OWNER), ([, comm, pid, fd]) => ({
    pid: Number(pid),
    comm,
    fd: Number(fd),
  }));
  return { ...parseTcpLine(line), owners };
}

/**
 * @param {string} endpoint as in 127.0.0.1:80, 127.0.0.1%lo:80, [::1]:80 or *:80
 * @param {number} colon
 * @param {boolean} is6
 */
function address(endpoint, colon, is6) {
  const text = endpoint.slice(
    is6 && endpoint.startsWith('[') ? 1 : 0,
    endpoint[colon - 1] === ']' ? colon - 1 : colon,
  );
  if (text === '*') return is6 ? '::' : '0.0.0.0';
  const zone = text.indexOf('%');
  return zone < 0 ? text : text.slice(0, zone);
}

/** @param {string} text */
function port(text) {
  return text === '*' ? 0 : Number(text);
}

/**
 * Names may hold blanks: what surrounds them is taken from both ends.
 *
 * @param {string} line
 */
function parseUnixLine(line) {
  const [type = '', state = '', rqueue, wqueue] = line.split(/ +/, 4);
  const match = /(\S.*) (\d+) +\* (\d+) *$/.exec(line.slice(type.length).replace(/^ +\S+ +\d+ +\d+ +/, ''));
  const name = match?.[1];
  return {
    family: 'unix',
    type: UNIX_TYPES[type],
    state: STATES[state],
    inode: Number(match?.[2]),
    rqueue: Number(rqueue),
    wqueue: Number(wqueue),
    peer: Number(match?.[3]) || undefined,
    name: name === '*' ? undefined : name,
  };
}

/**
 * @param {'tcp' | 'owners' | 'unix'} kind
 * @param {string} [_way] there is but one
 * @param {string} [filter]
 * @returns {import('./subject.mjs').Subject}
 */
export function create(kind, _way, filter) {
  const touch = toucher(kind);
  const wanted = filter === undefined ? [] : [filter];
  const tiny = () => read(kind, ['state', 'listening']);
  if (kind !== 'unix') {
    const records = () => read(kind, wanted);
    return { run: async () => touchAll(await records(), touch), tiny, records };
  }
  return { run: async () => touchAll(await read(kind, []), touch) - OWN_PIPE, tiny };
}
