/** A table for a screen, larger than what is printed at a time. */
import { expect, test } from 'vitest';

import { Layout, type Row } from '../../lib/cli/layout.js';

test('on a screen, every row is printed once, in its order', () => {
  let text = '';
  const layout = new Layout({
    ...{ netid: false, state: true, queues: true, header: true, screen: 100 },
    print: (lines) => {
      text += Buffer.from(lines).toString('latin1');
    },
  });
  const count = 9000;
  for (let i = 0; i < count; i++) {
    const row: Row = ['', 'ESTAB', '0', '0', '127.0.0.1:', String(i), '127.0.0.2:', '80', ''];
    layout.add(row);
  }
  layout.flush();
  const [heading, ...lines] = text.trimEnd().split('\n');
  expect(heading).toMatch(/^State +Recv-Q +Send-Q +Local Address:Port +Peer Address:Port/);
  expect(lines.map((line) => /127\.0\.0\.1:(\d+) /.exec(line)?.[1])).toEqual(
    Array.from({ length: count }, (_, i) => String(i)),
  );
  expect(text.length).toBeGreaterThan(1 << 18);
});
