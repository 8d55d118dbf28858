/** ECC: counters since the driver was loaded, the flags that NVIDIA replaces boards by, and whether it is on at all. */
import { known } from '@trivet/shared/model/gpu.ts';
import type { NvidiaGpu } from '@trivet/shared/model/gpu.ts';
import { isDesktop } from './board.ts';
import { conditionCheck, flagCondition, isPositive, print } from './condition.ts';
import type { Condition } from './condition.ts';

/** Whether a bad row is fenced off and swapped, or a page retired; null when the board shows neither. */
function remapsRows(gpu: NvidiaGpu): boolean | null {
  if (known(gpu.remapPending) || known(gpu.remapFailure)) return true;
  return known(gpu.retirementPending) || known(gpu.retiredPagesDoubleBit) ? false : null;
}

/** Only where the board is known not to remap does an error drain; where it cannot be told, it waits for a window. */
function dram(code: string, remaps: boolean): Condition {
  return {
    code,
    holds: (gpu) => {
      const positive = isPositive(gpu.eccVolatile.dramUncorrectable);
      return positive === true ? (remapsRows(gpu) ?? true) === remaps : positive;
    },
    text: ({ eccVolatile }) => `ecc_errors/volatile/dram_uncorrectable: ${print(eccVolatile.dramUncorrectable)}`,
  };
}

/** One of two counters above zero; null when none is and one could not be read. */
function anyPositive({ dramUncorrectable, sramUncorrectable }: NvidiaGpu['eccVolatile']): boolean | null {
  const both = [isPositive(dramUncorrectable), isPositive(sramUncorrectable)];
  if (both.includes(true)) return true;
  return both.includes(null) ? null : false;
}

function onlyAggregate(gpu: NvidiaGpu): boolean | null {
  const now = anyPositive(gpu.eccVolatile);
  return now === true ? false : anyPositive(gpu.eccAggregate);
}

/** Boards for workstations and games are delivered with ECC off, and may stay so. */
function isOff({ eccModeCurrent, model }: NvidiaGpu): boolean | null {
  return known(eccModeCurrent) ? !eccModeCurrent.value && isDesktop(model) === false : null;
}

export const ecc = conditionCheck('ecc', [
  dram('ecc.dram-uncorrectable', true),
  dram('ecc.dram-uncorrectable-no-remap', false),
  {
    code: 'ecc.sram-uncorrectable',
    holds: (gpu) => isPositive(gpu.eccVolatile.sramUncorrectable),
    text: ({ eccVolatile }) => `ecc_errors/volatile/sram_uncorrectable: ${print(eccVolatile.sramUncorrectable)}`,
  },
  flagCondition(
    'ecc.sram-threshold',
    'ecc_errors/aggregate/sram_threshold_exceeded',
    (gpu) => gpu.sramThresholdExceeded,
  ),
  flagCondition('ecc.channel-repair-pending', 'ecc_errors/channel_repair_pending', (gpu) => gpu.channelRepairPending),
  flagCondition('ecc.tpc-repair-pending', 'ecc_errors/tpc_repair_pending', (gpu) => gpu.tpcRepairPending),
  flagCondition('ecc.unrepairable-memory', 'ecc_errors/unrepairable_memory', (gpu) => gpu.unrepairableMemory),
  {
    code: 'ecc.aggregate-uncorrectable',
    holds: onlyAggregate,
    text: ({ eccAggregate: { dramUncorrectable, sramUncorrectable } }) =>
      `ecc_errors/aggregate: ${print(dramUncorrectable)} DRAM and ${print(sramUncorrectable)} SRAM uncorrectable, none since the driver was loaded`,
  },
  {
    code: 'ecc.off',
    holds: isOff,
    text: ({ eccModeCurrent, eccModePending }) =>
      `ecc_mode: on is ${print(eccModeCurrent)}, ${print(eccModePending)} after the next reset`,
  },
]);
