/** Has each Node that a test starts write what it runs. A worker of vitest tells vitest. */
import process from 'node:process';

import { CHILDREN } from './folders.js';

process.env['NODE_V8_COVERAGE'] = CHILDREN;
