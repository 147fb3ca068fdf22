/** A process that begins dumps, and cares for none of them. */
import { dumpTcp, dumpUnix } from 'sockdiag';

dumpTcp()[Symbol.asyncIterator]().next();
dumpUnix()[Symbol.asyncIterator]();
console.log('last line');
