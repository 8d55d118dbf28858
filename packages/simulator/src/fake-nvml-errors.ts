/**
 * Errors of NVIDIA's driver library, with what the real tool (535) makes of each: its text in place of a reading, and its exit
 * status when a call that it needs fails. Measured over a mocked library.
 */

export const NVML_ERRORS = {
  'not-supported': { text: 'N/A', code: 3 },
  'no-permission': { text: 'Insufficient Permissions', code: 4 },
  'invalid-argument': { text: 'Invalid Argument', code: 2 },
  timeout: { text: 'Timeout', code: 255 },
  'irq-issue': { text: 'Interrupt Request Issue', code: 11 },
  'function-not-found': { text: 'Function Not Found', code: 13 },
  'corrupted-inforom': { text: 'Corrupted infoROM', code: 14 },
  lost: { text: 'GPU is lost', code: 15 },
  'reset-required': { text: 'GPU requires reset', code: 255 },
  'operating-system': { text: 'GPU access blocked by the operating system', code: 17 },
  'in-use': { text: 'In use by another client', code: 19 },
  memory: { text: 'Insufficient Memory', code: 255 },
  'no-data': { text: 'No data', code: 21 },
  unknown: { text: 'Unknown Error', code: 255 },
} as const satisfies Readonly<Record<string, { readonly text: string; readonly code: number }>>;

export type NvmlError = keyof typeof NVML_ERRORS;

export interface Output {
  readonly text: string;
  readonly code: number;
}

/** The library cannot be initialised: nothing else is printed, whatever was asked for. */
export const INIT_FAILURES = {
  'driver-not-loaded': {
    text: "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the latest NVIDIA driver is installed and running.\n\n",
    code: 9,
  },
  'version-mismatch': {
    text: 'Failed to initialize NVML: Driver/library version mismatch\nNVML library version: 580.95\n',
    code: 18,
  },
  // Seen in the field so.
  'library-missing': { text: '', code: 12 },
  'unknown-error': initFailure('unknown'),
  'no-permission': initFailure('no-permission'),
  'irq-issue': initFailure('irq-issue'),
  lost: initFailure('lost'),
  'operating-system': initFailure('operating-system'),
  'in-use': initFailure('in-use'),
  timeout: initFailure('timeout'),
  'reset-required': initFailure('reset-required'),
  memory: initFailure('memory'),
} as const satisfies Readonly<Record<string, Output>>;

export type InitFailure = keyof typeof INIT_FAILURES;

function initFailure(error: NvmlError): Output {
  const { text, code } = NVML_ERRORS[error];
  return { text: `Failed to initialize NVML: ${text}\n`, code };
}
