/**
 * What the kernel says of a PCI device under the device's name: error reports (AER) in the words of kernels since 4.x, ports
 * that were shut (DPC), and a ConnectX adapter's own complaints. Format strings: Linux, drivers/pci/pcie/{aer,dpc,err}.c,
 * drivers/pci/hotplug/pciehp_ctrl.c, drivers/pci/pci.c and drivers/net/ethernet/mellanox/mlx5/core.
 */
import type { LineRow, Meaning } from './kernel-rows.ts';

/** `Corrected` became `Correctable` in 6.x; of what is not corrected the word in brackets decides. */
const SEVERITY = '(Correct|Uncorrect)(?:ed|able)(?: \\((Non-Fatal|Fatal)\\))?';

function bySeverity([, corrected, fatal]: RegExpExecArray): Meaning {
  if (corrected === 'Correct') return { code: 'pcie.aer-corrected' };
  return { code: fatal === 'Fatal' ? 'pcie.aer-fatal' : 'pcie.aer-nonfatal' };
}

/** What a port may have opened before it recovered with all that is behind it. */
const RECOVERED = ['pcie.aer-nonfatal', 'pcie.aer-fatal', 'pcie.contained', 'pcie.unrecovered'];

/** Rows for the text after `driver address: ` and after `AER: `. */
export const PCIE_ROWS: readonly LineRow[] = [
  { starts: '', pattern: new RegExp(`^(?:Multiple )?${SEVERITY} error (?:message )?received\\b`), means: bySeverity },
  { starts: '', pattern: new RegExp(`^(?:PCIe|CXL) Bus Error: severity=${SEVERITY}`), means: bySeverity },
  { starts: "can't recover (", pattern: /^/, means: 'pcie.unrecovered' },
  { starts: 'device has no AER-aware driver', pattern: /^/, means: 'pcie.unrecovered' },
  {
    starts: 'device recovery successful',
    pattern: /^/,
    means: () => ({ over: RECOVERED }),
  },
  { starts: 'device recovery failed', pattern: /^/, means: 'pcie.unrecovered' },
  { starts: 'containment event', pattern: /^containment event, status:0x/, means: 'pcie.contained' },
  { starts: 'ERR_FATAL', pattern: /^ERR_FATAL (?:detected|received)/, means: 'pcie.contained' },
  {
    starts: 'pciehp: ',
    pattern: /^pciehp: Slot\([^)]{1,32}\): (?:Link Down|Card not present)$/,
    means: 'pcie.link-down',
  },
  {
    starts: '',
    pattern:
      /^(?:can't|Unable to) change power state from \S{1,10} to D0[ ,].{0,8}(?:config space|device) inaccessible/,
    means: 'pcie.inaccessible',
  },
];

/** Rows for the text after `mlx5_core address: `. */
export const NIC_ROWS: readonly LineRow[] = [
  {
    starts: 'mlx5_pcie_event:',
    pattern: /^.{0,64}Detected insufficient power on the PCIe slot/,
    means: 'nic.slot-power',
  },
  {
    starts: 'mlx5_pcie_event:',
    pattern: /^.{0,64}PCIe slot advertised sufficient power/,
    means: () => ({ over: ['nic.slot-power'] }),
  },
  {
    starts: 'mlx5_health_try_recover:',
    pattern: /^.{0,64}health recovery succeeded/,
    means: () => ({ over: ['nic.health'] }),
  },
  { starts: 'mlx5_cmd_', pattern: /^.{0,96}\(0x[0-9a-f]{1,4}\).{0,32} failed/, means: 'nic.command-failed' },
  { starts: '', pattern: /^.{0,96}(?:health compromised|Fatal error detected|in fatal state)/i, means: 'nic.health' },
  { starts: 'Port module event[error]', pattern: /^/, means: 'nic.module' },
  { starts: 'Port module event: ', pattern: /^.{0,48}Cable plugged$/, means: () => ({ over: ['nic.module'] }) },
];
