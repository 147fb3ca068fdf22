/** How any version of TypeScript lets CommonJS have an ES module. */
import type { DumpIterator, TcpDiagMsg } from '../../../lib/index.js' with { 'resolution-mode': 'import' };

export async function compiles(): Promise<DumpIterator<TcpDiagMsg>> {
  const { dumpTcp } = await import('../../../lib/index.js');
  const { dumpTcp: fromProc } = await import('../../../lib/proc/index.js');
  // @ts-expect-error: no such option
  fromProc({ fallback: 'proc' });
  // @ts-expect-error: no such state
  dumpTcp({ states: ['LISTENING'] });
  return dumpTcp({ states: ['LISTEN'] })[Symbol.asyncIterator]();
}
