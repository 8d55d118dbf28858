/** The chassis' serial number, asked for once at start. `systeminformation` is loaded for it and then not used again. */

/** It runs a few small tools; firmware tables of a sick node may take their time, and the daemon does not wait for them. */
const DEADLINE_MS = 5000;
/** What firmware says when nobody has filled the field in. */
const PLACEHOLDER = /^$|^-$|^0+$|none|n\/a|not specified|to be filled|default string|system serial|unknown/i;

/** Null where firmware or rights give none, or not in time. */
export async function readChassisSerial(deadlineMs: number = DEADLINE_MS): Promise<string | null> {
  const { promise: late, resolve } = Promise.withResolvers<null>();
  const timer = setTimeout(() => resolve(null), deadlineMs);
  try {
    const { system } = await import('systeminformation');
    const found = await Promise.race([system(), late]);
    const serial = found?.serial.trim() ?? '';
    return PLACEHOLDER.test(serial) ? null : serial.slice(0, 128);
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}
