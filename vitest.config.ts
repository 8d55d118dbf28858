/** Unit, property, integration and chaos tests of all packages; what needs other servers lives in test/real. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['packages/**/*.test.ts', 'test/**/*.test.ts', 'scripts/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'test/real/**'],
    // Spawned processes and real sockets on a shared, noisy machine; nothing asserts a time.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // Most of the time tests wait for processes and sockets: the default leaves one core of two idle.
    maxWorkers: '100%',
  },
});
