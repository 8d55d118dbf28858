#!/usr/bin/env node
/** `trivet`: finds the command and hands over. Commands load what they need when they are called. */
import { ExitCode, buildApplication, buildRouteMap, run, text_en } from '@stricli/core';
import manifest from '../package.json' with { type: 'json' };
import { COMMANDS } from './commands/index.ts';
import type { CliContext } from './context.ts';
import { EXIT_DONE, EXIT_FAILED, EXIT_USAGE, UsageError } from './exit.ts';

const application = buildApplication(
  buildRouteMap({ routes: COMMANDS, docs: { brief: 'Decides, and proves, which GPU nodes may be drained now.' } }),
  {
    name: 'trivet',
    versionInfo: { currentVersion: manifest.version },
    scanner: { caseStyle: 'allow-kebab-for-camel' },
    documentation: { caseStyle: 'convert-camel-to-kebab', disableAnsiColor: true },
    localization: { text: { ...text_en, exceptionWhileRunningCommand: explain } },
    determineExitCode: (error) => (error instanceof UsageError ? EXIT_USAGE : EXIT_FAILED),
  },
);

/** What went wrong, for whoever called; where, only for a defect of ours or on request. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return `trivet: ${String(error)}`;
  const defect = error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError;
  return `trivet: ${defect || process.env['TRIVET_DEBUG'] !== undefined ? (error.stack ?? error.message) : error.message}`;
}

const cli: CliContext['process'] = { stdout: process.stdout, stderr: process.stderr, env: process.env };

/** The library's own codes are negative: a wrong command line, or a failure of ours. */
function exitStatus(): number {
  const code = Number(cli.exitCode ?? EXIT_DONE);
  if (code === ExitCode.InvalidArgument || code === ExitCode.UnknownCommand) return EXIT_USAGE;
  return code < 0 ? EXIT_FAILED : code;
}

// Who reads may stop reading (`trivet … | head`): that is no failure, and a status that the command has set still counts.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(exitStatus());
  });
}

await run(application, process.argv.slice(2), { process: cli });
process.exitCode = exitStatus();
