/** The option `filter` where the kernel has a word in it: what is asked again more simply, and what is not asked at all. */
import { expect, test } from 'vitest';

import { loadBinding, type NativeRequest } from '../../lib/binding.js';
import { type DiagRecord, decode, dumpTcp } from '../../lib/index.js';
import { askKernel, isInvalid, type Otherwise, type Question } from '../../lib/netlink/live.js';
import { attribute, done, message } from '../messages.js';

/** All TCP listeners of IPv4, with whatever program. */
function listeners(program: Buffer): Question<DiagRecord> {
  const payload = Buffer.alloc(56);
  payload.set([2, 6, 0, 0, 0, 4]);
  const request: NativeRequest = {
    type: 20,
    family: 2,
    headerLength: 72,
    payload: program.length === 0 ? payload : Buffer.concat([payload, attribute(1, program)]),
  };
  const family = { module: 'inet_diag', option: 'CONFIG_INET_DIAG' };
  return {
    asked: [{ request, subject: { sockets: 'listeners', family } }],
    decode: () => ({}),
  };
}

/** No kernel has an instruction 250. */
const NEWER = Buffer.from([250, 4, 8, 0]);
const NONE = Buffer.alloc(0);

const simply = (program: Buffer): Otherwise<DiagRecord> => ({
  isFor: isInvalid,
  question: () => listeners(program),
});

test('what an older kernel does not understand is asked more simply', async () => {
  expect(loadBinding()).toBeDefined();
  const plain = await askKernel(listeners(NONE), {}).toArray();
  expect(await askKernel(listeners(NEWER), {}, [simply(NONE)]).toArray()).toEqual(plain);
  expect([...askKernel(listeners(NEWER), {}, [simply(NONE)])]).toEqual(plain);
});

test('what it does not understand at all is an error', async () => {
  const refused = { name: 'SockDiagError', code: 'EINVAL' };
  await expect(askKernel(listeners(NEWER), {}).toArray()).rejects.toMatchObject(refused);
  await expect(askKernel(listeners(NEWER), {}, [simply(NEWER)]).toArray()).rejects.toMatchObject(refused);
});

test('an abort while it is asked again ends it', async () => {
  const controller = new AbortController();
  const reading = askKernel(listeners(NEWER), { signal: controller.signal }, [simply(NONE)]).toArray();
  controller.abort(new Error('enough'));
  await expect(reading).rejects.toThrow('enough');
});

test('what can never match is an empty dump, read in whatever way', async () => {
  const dump = dumpTcp({ filter: 'src unix:*' });
  expect(await dump.toArray()).toEqual([]);
  expect([...dump]).toEqual([]);
  for await (const _batch of dump.batches()) throw new Error('a batch');
});

test('a recording is filtered by the same text', async () => {
  const socket = (port: number) => {
    const payload = Buffer.alloc(72);
    payload.set([2, 10]);
    payload.writeUInt16BE(port, 4);
    return message(payload);
  };
  const bytes = Buffer.concat([socket(22), socket(443), socket(8443), done()]);
  const ports = async (filter: string) =>
    (await decode(bytes, { filter }).toArray()).map((record) => 'sport' in record && record.sport);
  expect(await ports('sport >= 443')).toEqual([443, 8443]);
  expect(await ports('not sport = :443')).toEqual([22, 8443]);
  expect(await ports('state established')).toEqual([]);
  expect(() => decode(bytes, { filter: 'sport = x y' })).toThrow(/expected/);
});
