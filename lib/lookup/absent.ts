/** What it means that a lookup has failed. */
import { constants } from 'node:os';

import type { NativeFailure } from '../binding.js';
import { errorOf, type Subject } from '../netlink/errors.js';

const { ENOENT, ESTALE } = constants.errno;

/**
 * Returns where there is no such socket, and throws where it could not be looked for. Of both, and of a protocol that it
 * has no handler for, the kernel says ENOENT: `checkHandler` throws in that case.
 */
export function checkAbsent(
  failure: NativeFailure,
  subject: Subject,
  netns: string,
  checkHandler: () => void,
): void {
  const isKernel = failure.kind === 'kernel';
  // It has another cookie.
  if (isKernel && failure.errno === ESTALE) return;
  if (!isKernel || failure.errno !== ENOENT) throw errorOf(failure, { ...subject, act: 'lookup' }, netns);
  checkHandler();
}
