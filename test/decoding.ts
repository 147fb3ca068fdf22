/** Decodes messages that the tests have in memory, by the way that a dump takes: walker, index, decoder. */
import { loadBinding, type NativeExpectation } from '../lib/binding.js';
import { BatchMemory } from '../lib/netlink/batch.js';
import type { Decode } from '../lib/netlink/dump.js';

/** Sequence and port id are taken from the datagram's first message. */
export function decodeDatagram<T>(
  datagram: Buffer,
  shape: Pick<NativeExpectation, 'headerLength' | 'family'>,
  decode: Decode<T>,
): T[] {
  const walk = loadBinding().walk(datagram, {
    type: 20,
    sequence: datagram.readUInt32LE(8),
    portId: datagram.readUInt32LE(12),
    ...shape,
  });
  if (walk.failure !== undefined) throw new Error(`refused: ${walk.failure.text}`);
  const buffer = new ArrayBuffer(datagram.length + 4 * walk.index.length);
  const memory = new BatchMemory(buffer);
  memory.bytes.set(datagram);
  memory.words.set(walk.index, datagram.length / 4);
  let row = datagram.length / 4;
  return Array.from({ length: walk.records }, () => {
    const record = decode(memory, row);
    row += 2 + (memory.words[row + 1] as number);
    return record;
  });
}
