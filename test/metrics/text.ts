/** What the text for Prometheus says, read by what knows nothing of what has written it. */
import { execFileSync, spawnSync } from 'node:child_process';

import { skip } from '../tools.js';

/** One series. */
export interface Series {
  name: string;
  labels: Record<string, string>;
  value: number;
}

export interface Text {
  /** By family. */
  types: Record<string, string>;
  helps: Record<string, string>;
  units: Record<string, string>;
  series: Series[];
}

const COMMENT = /^# (HELP|TYPE|UNIT) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/;
const SERIES = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/s;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\[\\"n])*)"(?:,|$)/gy;

/** Whatever is in no line that it knows is an error. */
export function readText(text: string): Text {
  const read: Text = { types: {}, helps: {}, units: {}, series: [] };
  const places = { HELP: read.helps, TYPE: read.types, UNIT: read.units };
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  for (const line of text.slice(0, -1).split('\n')) {
    const [, word, family, rest] = COMMENT.exec(line) ?? [];
    if (word === undefined) read.series.push(readSeries(line));
    else {
      const place = places[word as keyof typeof places];
      if (Object.hasOwn(place, family as string)) throw new Error(`twice: ${line}`);
      place[family as string] = rest as string;
    }
  }
  return read;
}

function readSeries(line: string): Series {
  const [, name, labels = '', value] = SERIES.exec(line) ?? [];
  if (name === undefined || value === undefined) throw new Error(`no series: ${line}`);
  const found = [...labels.matchAll(LABEL)];
  if (found.map(([all]) => all).join('') !== labels) throw new Error(`no labels: ${line}`);
  return {
    name,
    labels: Object.fromEntries(found.map(([, label, quoted]) => [label, unescaped(quoted as string)])),
    value: numberOf(value),
  };
}

const unescaped = (text: string): string =>
  text.replace(/\\(.)/gs, (_, letter: string) => (letter === 'n' ? '\n' : letter));

function numberOf(text: string): number {
  if (/^[+-]Inf$/.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  if (!/^-?\d+(\.\d+)?(e[+-]?\d+)?$/.test(text)) throw new Error(`no number: ${text}`);
  return Number(text);
}

/** What tells a series from all others. */
export const keyOf = ({ name, labels }: Series): string =>
  `${name} ${JSON.stringify(Object.entries(labels).sort())}`;

/** The value of one; undefined if there is none. Labels that are not given may be anything. */
export function seriesOf(
  { series }: Text,
  name: string,
  labels: Record<string, string> = {},
): number | undefined {
  return series.find(
    (one) => one.name === name && Object.entries(labels).every(([key, value]) => one.labels[key] === value),
  )?.value;
}

/** What the linter of Prometheus says of it; nothing if all is well. */
export function promtool(text: string): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
    input: text,
    encoding: 'utf8',
  });
  return { status, output: stdout + stderr };
}

// A package of the system is found by the system's Python.
const PYTHON = '/usr/bin/python3';

/** True, with the reason printed, where Prometheus's own parsers for Python are absent. */
export function lackOfParsers(): boolean {
  const { status } = spawnSync(PYTHON, ['-c', 'import prometheus_client']);
  return status !== 0 && skip(`there is no prometheus_client for ${PYTHON} here`);
}

const PROGRAM = `
import json, math, sys
from prometheus_client import parser
from prometheus_client.openmetrics import parser as openmetrics
families = (openmetrics if sys.argv[1] == 'openmetrics' else parser).text_string_to_metric_families(sys.stdin.read())
number = lambda value: '+Inf' if math.isinf(value) else value
print(json.dumps([[one.name, one.labels, number(one.value)] for family in families for one in family.samples]))
`;

/** The series as these parsers read them; that of OpenMetrics refuses what breaks its rules. */
export function parsed(text: string, format: 'prometheus' | 'openmetrics'): Series[] {
  const env = { ...process.env, PYTHONIOENCODING: 'utf8' };
  const answer = execFileSync(PYTHON, ['-c', PROGRAM, format], { input: text, encoding: 'utf8', env });
  return (JSON.parse(answer) as [string, Record<string, string>, number | string][]).map(
    ([name, labels, value]) => ({ name, labels, value: value === '+Inf' ? Infinity : (value as number) }),
  );
}
