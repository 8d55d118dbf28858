/** What needs real tools, a real kernel log, or minutes: `npm run test:real`, which sees to the tools first. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/real/**/*.test.ts', 'test/chaos/kernel-lines.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 60_000,
    pool: 'forks',
    maxWorkers: '100%',
    // Each test by name, also those that are skipped: what this machine could not show is to be seen.
    reporters: ['verbose'],
  },
});
