/** What is imported forwards all that the library has. */
import { createRequire } from 'node:module';

import { expect, test } from 'vitest';

const require = createRequire(import.meta.url);

/** The functions that an object has, and those that they have. */
function functionsOf(value: object, path = ''): string[] {
  return Object.entries(value).flatMap(([name, inner]) =>
    typeof inner === 'function'
      ? [`${path}${name}`, ...functionsOf(inner, `${path}${name}.`)]
      : [`${path}${name}: no function`],
  );
}

test.each([
  ['index', () => import('../dist/index.js'), () => import('../lib/index.js')],
  ['filter/index', () => import('../dist/filter/index.js'), () => import('../lib/filter/index.js')],
  ['metrics/index', () => import('../dist/metrics/index.js'), () => import('../lib/metrics/index.js')],
  ['name/index', () => import('../dist/name/index.js'), () => import('../lib/name/index.js')],
  ['proc/index', () => import('../dist/proc/index.js'), () => import('../lib/proc/index.js')],
] as const)('%s', async (entry, importFace, importSource) => {
  const face: Record<string, unknown> = await importFace();
  const library = require(`../dist/library/${entry}.cjs`) as Record<string, unknown>;
  expect(functionsOf(face).sort()).toEqual(functionsOf(await importSource()).sort());
  // The classes of errors are the very ones that are thrown.
  for (const name of Object.keys(face).filter((key) => key.endsWith('Error'))) {
    expect(face[name]).toBe(library[name]);
  }
});

test('what they do is what the library does', async () => {
  const { dport, and, print, parse, FilterSyntaxError } = await import('../dist/filter/index.js');
  expect(print(and(dport.eq(443), dport.ne(80)))).toBe(print(parse('dport = 443 and dport != 80')));
  expect(() => parse('dport ~')).toThrow(FilterSyntaxError);
  const { dumpTcp } = await import('../dist/index.js');
  expect(() => dumpTcp({ states: [] } as never)).toThrow(TypeError);
  expect(dumpTcp.name).toBe('dumpTcp');
});
