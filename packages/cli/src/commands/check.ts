/** `trivet check`: is this node healthy, and if not, what should be done? Needs no configuration and no aggregator. */
import { buildCommand } from '@stricli/core';
import type { CliContext } from '../context.ts';
import { wholeNumber } from '../whole-number.ts';

export interface CheckFlags {
  readonly json: boolean;
  readonly nvidiaSmi?: string;
  readonly amdSmi?: string;
  readonly rocmSmi?: string;
  readonly kernelLog?: string;
  readonly require?: 'kernel-log';
  readonly expectGpus?: number;
  readonly timeout: number;
}

/** A node holds 16 GPUs at most today; this refuses typing errors. */
const GPUS_MAX = 256;
/** Longer than any tool that will still answer. */
const TIMEOUT_MAX_S = 600;

export const check = buildCommand<CheckFlags, [], CliContext>({
  loader: async () => {
    const { runCheck } = await import('./check-run.ts');
    return function (this: CliContext, flags: CheckFlags) {
      return runCheck(flags, this.process);
    };
  },
  parameters: {
    flags: {
      json: {
        kind: 'boolean',
        brief: 'Print one JSON object (schema trivet.check/v1)',
        default: false,
        withNegated: false,
      },
      nvidiaSmi: {
        kind: 'parsed',
        parse: String,
        placeholder: 'PATH',
        brief: 'Program to ask instead of the nvidia-smi on PATH; then it must answer, and is not compared with PCI',
        optional: true,
      },
      amdSmi: {
        kind: 'parsed',
        parse: String,
        placeholder: 'PATH',
        brief: 'Program to ask instead of the amd-smi on PATH; then it must answer, and is not compared with PCI',
        optional: true,
      },
      rocmSmi: {
        kind: 'parsed',
        parse: String,
        placeholder: 'PATH',
        brief: 'The same for rocm-smi, which is asked where there is no amd-smi, or where only it is named',
        optional: true,
      },
      kernelLog: {
        kind: 'parsed',
        parse: String,
        placeholder: 'FILE',
        brief:
          'Read kernel messages of this boot from this file (journalctl -k -b) instead of /dev/kmsg; then it must be readable',
        optional: true,
      },
      require: {
        kind: 'enum',
        values: ['kernel-log'],
        brief: 'Unknown, not healthy, when the kernel log cannot be read',
        optional: true,
      },
      expectGpus: {
        kind: 'parsed',
        parse: wholeNumber(0, GPUS_MAX),
        placeholder: 'N',
        brief: 'How many GPUs this node should have',
        optional: true,
      },
      timeout: {
        kind: 'parsed',
        parse: wholeNumber(1, TIMEOUT_MAX_S),
        placeholder: 'SECONDS',
        brief: 'How long a vendor tool may take',
        default: '30',
      },
    },
  },
  docs: {
    brief: 'Check the GPUs of this machine',
    fullDescription: [
      'Asks the vendor tool, PCI and the kernel log once and says what is wrong and what to do.',
      'It remembers nothing: every Xid of this boot counts as open, also after a reset by hand, unless the driver',
      'had asked for the reset and now asks for nothing (drivers from 570). The daemon remembers (docs/faults.md).',
      'Exit status: 0 healthy, 1 degraded, 2 unhealthy, 3 unknown (could not tell), 64 usage.',
    ].join('\n'),
  },
});
