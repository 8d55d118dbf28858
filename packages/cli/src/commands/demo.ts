/** `trivet demo`: a simulated fleet on this machine, with the real aggregator over it. Needs nothing but this repository. */
import { buildCommand } from '@stricli/core';
import type { CliContext } from '../context.ts';
import { jsonFlag } from '../source-flags.ts';
import { wholeNumber } from '../whole-number.ts';

export interface DemoFlags {
  readonly nodes: number;
  readonly seed: number;
  readonly once: boolean;
  readonly dir?: string;
  readonly port: number;
  readonly minutes?: number;
  readonly json: boolean;
}

/** A thousand take a minute for three passes (docs/measurements.md); more than this many sockets need other limits than a laptop has. */
const NODES_MAX = 4000;
const SEED_MAX = 2 ** 31 - 1;
const MINUTES_MAX = 24 * 60;

export const demo = buildCommand<DemoFlags, [], CliContext>({
  loader: async () => {
    const { runDemo } = await import('./demo-run.ts');
    return function (this: CliContext, flags: DemoFlags) {
      return runDemo(flags, this.process);
    };
  },
  parameters: {
    flags: {
      nodes: {
        kind: 'parsed',
        parse: wholeNumber(1, NODES_MAX),
        placeholder: 'N',
        brief: 'Nodes of the fleet',
        default: '64',
      },
      seed: {
        kind: 'parsed',
        parse: wholeNumber(0, SEED_MAX),
        placeholder: 'N',
        brief: 'The same seed and nodes give the same sets',
        default: '7',
      },
      once: {
        kind: 'boolean',
        brief: 'Run three passes, print the last summary, and end',
        default: false,
        withNegated: false,
      },
      dir: {
        kind: 'parsed',
        parse: String,
        placeholder: 'DIR',
        brief:
          'Where to keep passes and state; emptied first when a demo made it (default $XDG_STATE_HOME/trivet/demo)',
        optional: true,
      },
      port: {
        kind: 'parsed',
        parse: wholeNumber(0, 65_535),
        placeholder: 'PORT',
        brief: 'Port of 127.0.0.1 for page and API; another free one when it is taken',
        default: '8080',
      },
      minutes: {
        kind: 'parsed',
        parse: wholeNumber(1, MINUTES_MAX),
        placeholder: 'M',
        brief: 'End after so many minutes',
        optional: true,
      },
      json: jsonFlag('trivet.demo/v1'),
    },
  },
  docs: {
    brief: 'Run a simulated fleet and decide over it, on this machine',
    fullDescription: [
      'A seeded world of racks, jobs, odd nodes and faults with its own clock; agents that speak the protocol, a tenth of',
      'them the real agent over a fake nvidia-smi; and the real aggregator. Goes on until it is interrupted, without --once.',
      'Exit status: 0 done, 1 failed (a node did not deliver), 2 refused (the folder is not the demo’s), 64 usage.',
    ].join('\n'),
  },
});
