/**
 * What the NVIDIA driver says without an Xid. Format strings: open-gpu-kernel-modules (kernel-open/nvidia, src/nvidia); captured
 * lines.
 */
import { ADDRESS } from './kernel-rows.ts';
import type { LineRow } from './kernel-rows.ts';

function ofGpu(code: string): LineRow['means'] {
  return ([, address = '']) => ({ code, address });
}

export const NVIDIA_ROWS: readonly LineRow[] = [
  {
    starts: 'NVRM: Rate limiting GSP RPC error prints',
    pattern: new RegExp(`^NVRM: Rate limiting GSP RPC error prints for GPU at (?:PCI:)?${ADDRESS}`, 'i'),
    means: ofGpu('nvrm.gsp-rate-limited'),
  },
  {
    starts: 'NVRM: GPU',
    pattern: new RegExp(`^NVRM: GPU[ -]${ADDRESS}: (?:RmInitAdapter|rm_init_adapter) failed`, 'i'),
    means: ofGpu('nvrm.init-failed'),
  },
  {
    starts: 'NVRM: ',
    pattern: /^NVRM: (?:GPU\d{1,4} )?(?:RmInitAdapter|rm_init_adapter)(?:\(\d{1,4}\))? failed/,
    means: 'nvrm.init-failed',
  },
  {
    starts: 'NVRM: ',
    pattern: /^NVRM: .{0,512}(?:\[NV_ERR_GPU_IS_LOST\]|failed with status 0x0000000f\b)/i,
    means: 'nvrm.gpu-is-lost',
  },
  {
    starts: 'NVRM: knvlink',
    pattern: /^.{0,96}RxDet\w{0,32} failed|^.{0,96}Failed to update Rx Detect Link mask/,
    means: 'nvrm.nvlink-detect',
  },
  { starts: 'NVRM: The NVIDIA probe routine failed', pattern: /^/, means: 'nvrm.probe-failed' },
  { starts: 'NVRM: None of the NVIDIA devices were init', pattern: /^/, means: 'nvrm.probe-failed' },
  { starts: 'NVRM: API mismatch', pattern: /^/, means: 'nvrm.version-mismatch' },
  {
    starts: 'nvidia-peermem ',
    pattern: /^nvidia-peermem \S{1,64} ERROR detected invalid context/,
    means: 'nvrm.peermem-context',
  },
];
