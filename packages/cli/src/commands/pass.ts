/** `trivet pass run|ls|show`: decide from files, list passes, show one. */
import { buildCommand, buildRouteMap } from '@stricli/core';
import type { CliContext } from '../context.ts';
import type { SourceFlags } from '../pass-source.ts';
import { jsonFlag, SOURCE_FLAGS } from '../source-flags.ts';

export interface PassRunFlags {
  readonly inventory: string;
  readonly telemetry: string;
  readonly cluster: string;
  readonly policy?: string;
  readonly out: string;
  readonly name: string;
  readonly at?: Date;
  readonly stripDomain?: readonly string[];
  readonly json: boolean;
}

function time(input: string): Date {
  const at = new Date(input);
  if (Number.isNaN(at.getTime())) throw new Error('expected an ISO 8601 time such as 2026-11-20T17:00:00Z');
  return at;
}

const file = (placeholder: string, brief: string) => ({ kind: 'parsed', parse: String, placeholder, brief }) as const;

const run = buildCommand<PassRunFlags, [], CliContext>({
  loader: async () => (await import('./pass-run.ts')).runFromFiles,
  parameters: {
    flags: {
      inventory: file('FILE', 'Inventory rows (YAML or JSON): what should exist and who may touch it'),
      telemetry: file('FILE', 'Telemetry rows (YAML or JSON): what the nodes say'),
      cluster: file('FILE', 'Cluster rows (YAML or JSON), or the output of: kubectl get nodes,pods,pdb -A -o json'),
      policy: {
        ...file('FILE', 'Policy (YAML or JSON); default: 6 % of the cluster, 2 nodes of a rack'),
        optional: true,
      },
      out: file('DIR', 'Where passes are kept: DIR/<name>/<pass id>, and the state beside them'),
      name: { ...file('NAME', 'Name of the cluster'), default: 'default' },
      at: {
        kind: 'parsed',
        parse: time,
        placeholder: 'TIME',
        brief: 'Decide as of this time instead of now (ages of the legs are counted from it)',
        optional: true,
      },
      stripDomain: {
        kind: 'parsed',
        parse: String,
        placeholder: 'DOMAIN',
        brief: 'Take this domain off the ends of node names, in every leg (may be given several times)',
        variadic: true,
        optional: true,
      },
      json: jsonFlag('trivet.pass.run/v1'),
    },
  },
  docs: {
    brief: 'Decide from files, without a server',
    fullDescription: [
      'Reads three legs, writes a pass folder with every set, the plan and every refusal, and prints the summary.',
      'It only decides: nothing is drained. Exit status: 0 decided (also when the answer is to do nothing),',
      '1 failed, 2 refused (a leg cannot be trusted, or safety refused the plan), 64 usage.',
    ].join('\n'),
  },
});

export interface PassListFlags extends SourceFlags {
  readonly dir?: string;
  readonly name: string;
  readonly json: boolean;
}

const ls = buildCommand<PassListFlags, [], CliContext>({
  loader: async () => (await import('./pass-show.ts')).listAll,
  parameters: {
    flags: {
      ...SOURCE_FLAGS,
      dir: { ...file('DIR', 'List the passes kept here (what --out named)'), optional: true },
      name: { ...file('NAME', 'Name of the cluster, with --dir'), default: 'default' },
      json: jsonFlag('trivet.pass.ls/v1'),
    },
  },
  docs: { brief: 'List passes, newest first' },
});

export interface PassShowFlags extends SourceFlags {
  readonly json: boolean;
}

const show = buildCommand<PassShowFlags, [], CliContext>({
  loader: async () => (await import('./pass-show.ts')).showOne,
  parameters: { flags: { ...SOURCE_FLAGS, json: jsonFlag('trivet.pass.show/v1') } },
  docs: { brief: 'Show the summary of a pass' },
});

export const pass = buildRouteMap({
  routes: { run, ls, show },
  docs: { brief: 'Decide from files; list and show passes' },
});
