/** The dashboard and the rules of examples/metrics ask for what there is, and Prometheus and systemd take the files. */
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';

import { ownFamilies } from '../../lib/cli/exporter/own.js';
import { METRICS, type MetricFamily } from '../../lib/metrics/families.js';
import { LABEL_NAMES } from '../../lib/metrics/labels.js';
import { lackOf } from '../tools.js';

const ROOT = join(import.meta.dirname, '../..');
const FOLDER = join(ROOT, 'examples/metrics');

interface Rule {
  alert: string;
  expr: string;
  for?: string;
  labels: { severity: string };
  annotations: { summary: string; description: string };
}

interface RuleTest {
  alert_rule_test: { alertname: string; exp_alerts: unknown[] }[];
}

interface Panel {
  id: number;
  type: string;
  title: string;
  description?: string;
  datasource?: { uid: string };
  targets?: { refId: string; expr: string; datasource?: { uid: string } }[];
  panels?: Panel[];
  gridPos: { x: number; y: number; w: number; h: number };
  fieldConfig?: { defaults: { unit?: string } };
}

interface Dashboard {
  uid: string;
  panels: Panel[];
  templating: { list: { name: string; query: string | { query: string }; datasource?: { uid: string } }[] };
}

const textOf = (name: string): string => readFileSync(join(FOLDER, name), 'utf8');

function yaml<T>(name: string): T {
  const [document, ...others] = parseAllDocuments(textOf(name));
  expect(others).toEqual([]);
  expect([...(document?.errors ?? []), ...(document?.warnings ?? [])]).toEqual([]);
  return document?.toJS() as T;
}

const rules = yaml<{ groups: { name: string; rules: Rule[] }[] }>('alerts.yml').groups.flatMap(
  (group) => group.rules,
);
const dashboard = JSON.parse(textOf('grafana-dashboard.json')) as Dashboard;
const panels = dashboard.panels.flatMap((panel) => [panel, ...(panel.panels ?? [])]);
const targets = panels.flatMap((panel) =>
  (panel.targets ?? []).map((target) => ({ title: panel.title, panel, ...target })),
);

/** As Grafana makes them before it asks. */
const expressions = [
  ...rules.map(({ alert, expr }) => ({ title: alert, expr })),
  ...targets.map(({ title, expr }) => ({
    title,
    expr: expr.replaceAll(/\$(job|instance)\b/g, '.*').replaceAll('$__rate_interval', '5m'),
  })),
];

interface Metric {
  type: MetricFamily['type'];
  labels: readonly string[];
}

/** What can be asked for, by its name there. The labels are those of docs/metrics.md, which is generated. */
function metrics(): Map<string, Metric> {
  const rows = readFileSync(join(ROOT, 'docs/metrics.md'), 'utf8').matchAll(
    /^\| `(\w+)` \| [\w ]+ \| (.*?) \|/gm,
  );
  const labels = new Map(
    [...rows].map(([, name = '', words = '']): [string, string[]] => [
      name,
      [...words.matchAll(/`(\w+)`|…/g)].flatMap(([, word]): readonly string[] =>
        word === undefined ? LABEL_NAMES : [word],
      ),
    ]),
  );
  const all = [...METRICS, ...ownFamilies('0')].flatMap(({ name, type }): [string, Metric][] => {
    const own = [
      ...(labels.get(name) ?? expect.fail(`${name} is not in docs/metrics.md`)),
      'job',
      'instance',
    ];
    // A histogram of now has other names for its sum and count in OpenMetrics.
    if (type === 'gaugehistogram') return [[`${name}_bucket`, { type, labels: [...own, 'le'] }]];
    if (type !== 'histogram') return [[name, { type, labels: own }]];
    return [
      [`${name}_bucket`, { type, labels: [...own, 'le'] }],
      [`${name}_sum`, { type, labels: own }],
      [`${name}_count`, { type, labels: own }],
    ];
  });
  return new Map([...all, ['up', { type: 'gauge', labels: ['job', 'instance'] }]]);
}

const known = metrics();

/** Each metric that an expression asks for, with the labels that it names there. */
function selectorsOf(expr: string): { name: string; matchers: string[] }[] {
  return [...expr.matchAll(/\b((?:sockdiag|process)_\w+|up)\b(?:\{([^}]*)\})?/g)].map(
    ([, name = '', matchers = '']) => ({
      name,
      matchers: [...matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*"/g)].map(([, label = '']) => label),
    }),
  );
}

describe('what is asked for', () => {
  test.each(expressions)('$title: metrics and labels that there are', ({ expr }) => {
    const selectors = selectorsOf(expr);
    expect(selectors).not.toEqual([]);
    for (const { name, matchers } of selectors) {
      expect([...known.keys()]).toContain(name);
      expect(known.get(name)?.labels).toEqual(expect.arrayContaining(matchers));
    }
    const all = new Set(selectors.flatMap(({ name }) => known.get(name)?.labels ?? []));
    for (const [, words = ''] of expr.matchAll(/\b(?:by|without|on|ignoring) \(([^)]*)\)/g)) {
      for (const word of words.split(/, */)) expect([...all]).toContain(word);
    }
  });

  test.each(expressions)('$title: rates of what only grows, and of nothing else', ({ expr }) => {
    const rated = new Set([...expr.matchAll(/\b(?:rate|increase)\((\w+)/g)].map(([, name = '']) => name));
    for (const { name } of selectorsOf(expr)) {
      const grows = ['counter', 'histogram'].includes(known.get(name)?.type ?? '');
      expect({ name, rated: rated.has(name) }).toEqual({ name, rated: grows });
    }
  });

  test('each bound of a range is one that there is', () => {
    for (const [, le = ''] of expressions.flatMap(({ expr }) => [...expr.matchAll(/le="([^"]*)"/g)])) {
      // Prometheus 3 writes 1.0 for 1.
      expect(['0.001', '0.005', '0.01', '0.02', '0.05', '0.1', '0.2', '0.5', '+Inf']).toContain(le);
    }
  });

  test('the variables of the dashboard ask for what there is', () => {
    const { list } = dashboard.templating;
    expect(list.map(({ name }) => name)).toEqual(['datasource', 'job', 'instance']);
    for (const { query } of list.slice(1)) {
      for (const { name } of selectorsOf((query as { query: string }).query))
        expect(known.has(name)).toBe(true);
    }
  });
});

describe('the dashboard', () => {
  test('ids are unique, and all that asks for something asks the chosen data source', () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is a variable of Grafana's
    const uid = '${datasource}';
    for (const { datasource, title } of [...panels, ...targets])
      expect({ title, uid: datasource?.uid }).toEqual({ title, uid });
    for (const { datasource, name } of dashboard.templating.list.slice(1))
      expect({ name, uid: datasource?.uid }).toEqual({ name, uid });
  });

  test('each panel that is no row says what it shows, asks for something, and has a unit where it has an axis', () => {
    for (const { type, title, description, targets: own = [], fieldConfig } of panels) {
      if (type === 'row') continue;
      expect(description, title).toMatch(/\.$/);
      expect(own, title).not.toEqual([]);
      expect(new Set(own.map(({ refId }) => refId)).size, title).toBe(own.length);
      if (type === 'timeseries' || type === 'stat') expect(fieldConfig?.defaults.unit, title).toBeTruthy();
    }
  });

  test('what shows a histogram of now says that it is one', () => {
    for (const { panel, expr } of targets) {
      const isOfNow = selectorsOf(expr).some(({ name }) => known.get(name)?.type === 'gaugehistogram');
      expect(/no rate\(\)/.test(panel.description ?? ''), panel.title).toBe(isOfNow);
    }
  });

  test('no panel lies on another one', () => {
    const places = new Set<string>();
    for (const { gridPos, title } of dashboard.panels) {
      expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(places.has(`${x} ${y}`), title).toBe(false);
          places.add(`${x} ${y}`);
        }
      }
    }
  });

  test('each metric has a place in it', () => {
    const shown = new Set(targets.flatMap(({ expr }) => selectorsOf(expr).map(({ name }) => name)));
    const missing = [...METRICS, ...ownFamilies('0')].filter(
      ({ name }) => !shown.has(name) && !shown.has(`${name}_bucket`),
    );
    expect(missing.map(({ name }) => name)).toEqual([]);
  });
});

describe('the alerts', () => {
  test('each says how bad it is, and what it is about', () => {
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
    for (const { alert, labels, annotations } of rules) {
      expect(['warning', 'critical'], alert).toContain(labels.severity);
      expect(annotations.summary, alert).toMatch(/^\{\{ \$labels\.instance \}\}: /);
      expect(annotations.description, alert).toMatch(/\.$/);
    }
  });

  test('each is tried where it must come, and where it must not', () => {
    const tried = yaml<{ tests: RuleTest[] }>('alerts.test.yml').tests.flatMap((one) => one.alert_rule_test);
    for (const { alert } of rules) {
      const own = tried.filter(({ alertname }) => alertname === alert);
      const counts = own.map(({ exp_alerts }) => exp_alerts.length);
      expect(counts, alert).toContain(0);
      expect(Math.max(...counts), alert).toBeGreaterThan(0);
    }
  });
});

describe('other files', () => {
  test('the DaemonSet has no privilege, and its probes ask where the exporter listens', () => {
    const { kind, spec } = yaml<{ kind: string; spec: { template: { spec: PodSpec } } }>('daemonset.yaml');
    const { hostNetwork, hostPID, securityContext, containers } = spec.template.spec;
    expect({ kind, hostNetwork, hostPID }).toEqual({
      kind: 'DaemonSet',
      hostNetwork: true,
      hostPID: undefined,
    });
    expect(securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
    const [container] = containers;
    expect(container?.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      privileged: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    const [port] = container?.ports ?? [];
    expect(container?.args).toEqual(['--address=127.0.0.1', `--port=${port?.containerPort}`]);
    for (const probe of [container?.livenessProbe, container?.readinessProbe])
      expect(probe?.httpGet).toEqual({ host: '127.0.0.1', path: '/-/healthy', port: port?.name });
  });

  test('none is left out', () => {
    expect(readdirSync(FOLDER).sort()).toEqual([
      'Containerfile',
      'alerts.test.yml',
      'alerts.yml',
      'daemonset.yaml',
      'grafana-dashboard.json',
      'sockdiag-exporter.service',
    ]);
  });
});

interface PodSpec {
  hostNetwork?: boolean;
  hostPID?: boolean;
  securityContext?: object;
  containers: {
    args: string[];
    ports: { name: string; containerPort: number }[];
    securityContext: object;
    livenessProbe: { httpGet: object };
    readinessProbe: { httpGet: object };
  }[];
}

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sockdiag-rules-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function run(program: string, words: readonly string[], env: NodeJS.ProcessEnv = {}): string {
  const { status, stdout, stderr } = spawnSync(program, words, {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  expect({ status, stderr }, stdout).toEqual({ status: 0, stderr: '' });
  return stdout;
}

describe.skipIf(lackOf('promtool'))('promtool', () => {
  test('takes the rules, and each comes where its tests say so', () => {
    for (const name of ['alerts.yml', 'alerts.test.yml'])
      copyFileSync(join(FOLDER, name), join(folder, name));
    expect(run('promtool', ['check', 'rules', 'alerts.yml'])).toContain(`${rules.length} rules found`);
    expect(run('promtool', ['test', 'rules', 'alerts.test.yml'])).toContain('SUCCESS');
  });

  test('takes what the dashboard asks for', () => {
    const asked = expressions.map(({ expr }, i) => ({ record: `asked:${i}`, expr }));
    writeFileSync(join(folder, 'asked.yml'), JSON.stringify({ groups: [{ name: 'asked', rules: asked }] }));
    expect(run('promtool', ['check', 'rules', 'asked.yml'])).toContain(`${asked.length} rules found`);
  });
});

describe.skipIf(lackOf('systemd-analyze', 'man'))('systemd', () => {
  test('takes the unit', () => {
    const unit = textOf('sockdiag-exporter.service');
    expect(unit).toContain('\nExecStart=/usr/local/bin/sockdiag exporter\n');
    // Both are looked for: the program, and the page of the manual.
    const program = `${process.execPath} ${join(ROOT, 'dist/cli/main.js')}`;
    writeFileSync(
      join(folder, 'sockdiag-exporter.service'),
      unit.replace('=/usr/local/bin/sockdiag', `=${program}`),
    );
    mkdirSync(join(folder, 'man/man1'), { recursive: true });
    copyFileSync(join(ROOT, 'docs/sockdiag.1'), join(folder, 'man/man1/sockdiag.1'));
    const file = join(folder, 'sockdiag-exporter.service');
    expect(run('systemd-analyze', ['verify', file], { MANPATH: join(folder, 'man') })).toBe('');
  });
});
