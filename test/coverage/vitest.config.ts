/** All tests, with what of lib/ and native/ they run: `npm run coverage`. */
import { coverageConfigDefaults, defineConfig, mergeConfig, type ViteUserConfig } from 'vitest/config';

import { addonOf } from '../../native/instrumented.mjs';
import base from '../../vitest.config.js';

const config: ViteUserConfig = mergeConfig(
  base,
  defineConfig({
    test: {
      env: { SOCKDIAG_ADDON: addonOf('coverage') },
      setupFiles: ['./test/coverage/setup.ts'],
      // With such an option, and only then, vitest's workers end by themselves: what is killed tells nothing.
      execArgv: ['--diagnostic-dir=.cache/coverage'],
      reporters: ['./test/coverage/reporter.ts'],
      coverage: {
        enabled: true,
        provider: 'v8',
        // What no test imports, too.
        include: ['lib/**/*.{ts,tsx}'],
        exclude: coverageConfigDefaults.exclude,
        // What is printed has more in it than vitest knows of.
        reporter: [],
        reportsDirectory: '.cache/coverage/vitest',
        reportOnFailure: true,
      },
    },
  }),
);

export default config;
