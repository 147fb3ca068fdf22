/** What strace reads in a record of an IP protocol, in the words of that record: as much as it has names for. */
import { camelCase } from './getsockopt.js';
import { attributesOf, isList, type Printed, structure } from './strace.js';

/** Of the attributes that strace prints as bytes only, whether they are there. */
const OPAQUE: Readonly<Record<string, string>> = {
  INET_DIAG_INFO: 'info',
  INET_DIAG_MD5SIG: 'md5sig',
  INET_DIAG_ULP_INFO: 'ulpInfo',
};

type Read = (payload: Printed) => unknown;

const SHUTDOWNS: Readonly<Record<string, string>> = { 0: 'none', 1: 'rcv', 2: 'send', 3: 'both' };

const number: Read = (payload) => Number(payload);

const READERS: Readonly<Record<string, readonly [property: string, read: Read]>> = {
  INET_DIAG_MEMINFO: ['meminfo', (payload) => members('idiag_', payload)],
  INET_DIAG_TOS: ['tos', number],
  INET_DIAG_TCLASS: ['tclass', number],
  INET_DIAG_SKMEMINFO: ['skmeminfo', skmeminfo],
  INET_DIAG_SHUTDOWN: ['shutdown', (payload) => SHUTDOWNS[payload as string]],
  INET_DIAG_SKV6ONLY: ['skv6only', (payload) => payload === '1'],
  INET_DIAG_MARK: ['mark', number],
  INET_DIAG_CLASS_ID: ['classId', number],
  INET_DIAG_CGROUP_ID: ['cgroupId', number],
  INET_DIAG_SOCKOPT: ['sockopt', sockopt],
  INET_DIAG_CONG: ['cong', (payload) => (payload as string).slice(1, -1)],
  INET_DIAG_BBRINFO: ['bbrinfo', bbrinfo],
};

/** The properties that a record has of its attributes. */
export function detailsFromStrace(message: Printed[]): Record<string, unknown> {
  return Object.fromEntries(
    Array.from(attributesOf(message), ([name, payload]) => {
      const [property, read] = READERS[name] ?? [OPAQUE[name], () => 'there'];
      if (property === undefined)
        throw new Error(`strace has an attribute that this reader does not know: ${name}`);
      return [property, read(payload)];
    }),
  );
}

/** What stands for the same in a record that was printed as JSON, in which there is no Infinity. */
export function detailsOfRecord(record: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const names = [...Object.values(READERS).map(([property]) => property), ...Object.values(OPAQUE)];
  const opaque = new Set(Object.values(OPAQUE));
  return Object.fromEntries(
    names
      .filter((name) => name in record)
      .map((name) => [name, opaque.has(name) ? 'there' : finite(record[name])]),
  );
}

function finite(value: unknown): unknown {
  const bbr = value as { minRtt?: number | null } | null;
  return bbr?.minRtt === null ? { ...bbr, minRtt: 0xffff_ffff } : value;
}

function members(prefix: string, payload: Printed): Record<string, number> {
  const entries = Object.entries(structure(payload));
  return Object.fromEntries(
    entries.map(([name, value]) => [camelCase(name.slice(prefix.length)), Number(value)]),
  );
}

const SKMEMINFO = [
  'rmemAlloc',
  'rcvbuf',
  'wmemAlloc',
  'sndbuf',
  'fwdAlloc',
  'wmemQueued',
  'optmem',
  'backlog',
  'drops',
];

function skmeminfo(payload: Printed): Record<string, number> {
  if (!isList(payload)) throw new Error('strace printed no array');
  return Object.fromEntries(payload.map((value, i) => [SKMEMINFO[i], Number(value)]));
}

/** The names are those of records, but one. */
function sockopt(payload: Printed): Record<string, boolean> {
  const { unused: _, ...flags } = structure(payload);
  return Object.fromEntries(Object.entries(flags).map(([name, value]) => [camelCase(name), value === '1']));
}

function bbrinfo(payload: Printed): Record<string, number> {
  const { bwLo = 0, bwHi = 0, ...others } = members('bbr_', payload);
  return { bw: bwHi * 2 ** 32 + bwLo, ...others };
}
