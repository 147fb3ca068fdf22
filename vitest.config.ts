import process from 'node:process';
import { defineConfig, type ViteUserConfig } from 'vitest/config';

const config: ViteUserConfig = defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // The tests make sockets by the thousand and count descriptors: side by side they would count each other's.
    fileParallelism: false,
    pool: 'forks',
    // What is tested is what was just built, also where prebuilds/ has something.
    env: { SOCKDIAG_ADDON: process.env['SOCKDIAG_ADDON'] ?? 'build' },
    reporters: ['default', './test/reporter.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});

export default config;
