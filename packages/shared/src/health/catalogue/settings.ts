/** How NVIDIA boards are set up, and how much of their spare memory is left: for a person to look at, never for a drain. */
import { entries } from './entry.ts';

const OURS = 'Trivet';
const REMAPPER = 'NVIDIA GPU memory error management: row remapper histogram';

export const SETTINGS = [
  ...entries('persistence', [
    {
      codes: 'off',
      title: 'Persistence mode is off on a data-centre board',
      class: 'config',
      reason:
        'The driver lets go of an idle board: its counters since then begin anew, errors among them, and each look takes seconds. gpud calls the node unhealthy; work runs all the same.',
      source: 'NVIDIA driver persistence; gpud',
    },
  ]),
  ...entries('ecc', [
    {
      codes: 'pending',
      title: 'ECC will be switched at the next reset',
      class: 'config',
      reason: 'Somebody has asked for it, or something has: until the reset the board is not what it is set to.',
      source: OURS,
    },
  ]),
  ...entries('mig', [
    {
      codes: 'pending',
      title: 'MIG will be switched at the next reset',
      class: 'config',
      reason: 'Somebody has asked for it; a scheduler that counts on it counts wrongly until then.',
      source: OURS,
    },
  ]),
  ...entries('inforom', [
    {
      codes: 'corrupted',
      title: "The board's own data (InfoROM) are corrupt",
      class: 'watch',
      strength: 'soft',
      reason:
        'Work is right all the same, but the board forgets its errors and its repairs: replaced at leisure. Azure collects it as a sign.',
      source: 'nvidia-smi exit status 14; Azure HPC diagnostics',
    },
  ]),
  ...entries('remap', [
    {
      codes: 'spares-used',
      title: 'Spare memory rows are in use',
      class: 'ignore',
      reason: 'That is what they are there for; kept in sight because it never goes back.',
      source: REMAPPER,
    },
    {
      codes: 'spares-low',
      title: 'A memory bank has few spare rows left',
      class: 'watch',
      strength: 'soft',
      reason:
        'One row or none is left in a bank, or eight banks have begun on theirs since this node was first seen: the next error there may be the failure for which a board is replaced. gpud does not look at it.',
      source: `${REMAPPER}; ${OURS}`,
    },
  ]),
];
